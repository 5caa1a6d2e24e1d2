"""``python -m quantstrip.client`` runs one client."""

from quantstrip.client.main import run_process

if __name__ == "__main__":
    run_process()
