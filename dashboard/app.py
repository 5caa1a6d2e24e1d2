"""The dashboard's frame: navigation, look and the pages. Pages are files in ``screens/``.

They are not in a folder called ``pages``: Streamlit gives that name a meaning of its own (each file becomes an
entrance that bypasses this frame on the first visit after a start).
"""

import streamlit as st

from components import frame, python_state, roles

st.set_page_config(page_icon=frame.ICON, layout="wide")
frame.style()
page = st.navigation(
    {
        "": [
            roles.page("screens/home.py", title="Home", icon=":material/space_dashboard:", default=True),
            roles.page(
                "screens/monitor.py", title="Client Monitor", icon=":material/monitor_heart:", url_path="monitor"
            ),
            roles.page("screens/client.py", title="Client", url_path="client", visibility="hidden"),
        ],
        "Build": [
            roles.page("screens/python.py", title="Python", icon=":material/code:", url_path="python"),
            roles.page("screens/backtest.py", title="Backtest", icon=":material/query_stats:", url_path="backtest"),
            roles.page(
                "screens/validation.py", title="Validation", icon=":material/fact_check:", url_path="validation"
            ),
            roles.page(
                "screens/market.py", title="Market data", icon=":material/candlestick_chart:", url_path="market"
            ),
            roles.page("screens/packages.py", title="Packages", icon=":material/deployed_code:", url_path="packages"),
        ],
        "Ledger": [
            roles.page("screens/reporting.py", title="Reporting", icon=":material/monitoring:", url_path="reporting"),
            roles.page("screens/trade.py", title="Trade", url_path="trade", visibility="hidden"),
            roles.page("screens/journal.py", title="Trade journal", icon=":material/edit_note:", url_path="journal"),
            roles.page("screens/sql.py", title="SQL", icon=":material/database:", url_path="sql"),
        ],
        "Platform": [
            roles.page("screens/logging.py", title="Logging", icon=":material/article:", url_path="logging"),
            roles.page(
                "screens/notifications.py", title="Notifications", icon=":material/mail:", url_path="notifications"
            ),
            roles.page("screens/settings.py", title="Settings", icon=":material/tune:", url_path="settings"),
            roles.page("screens/maintenance.py", title="Maintenance", icon=":material/build:", url_path="maintenance"),
            roles.page("screens/users.py", title="Users", icon=":material/group:", url_path="users"),
        ],
    },
    expanded=True,  # all of it: Streamlit hides what comes after the twelfth
)
st.set_page_config(page_title=f"{page.title} - Quantstrip")
if page.url_path != "python":
    python_state.remind()
frame.sidebar()
with frame.boundary():
    roles.run(page)
