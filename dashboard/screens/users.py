"""Users: who may open the dashboard besides the token's holder, and one's own password."""

import streamlit as st

from components import dialogs, frame, markup, roles, users
from quantstrip.home import Home
from quantstrip.operations import own_password
from quantstrip.operations.roles import OWNER, Identity
from quantstrip.operations.users import list_users


def main(home: Home) -> None:
    """Show the page: the list to who decides, one's own password to everyone who has one."""
    with frame.boundary():
        frame.title("Users")
        frame.say_notice()
        if roles.may("admin"):
            dialogs.show(users.bodies(home))
            people(home)
        who = roles.identity()
        if who.way != OWNER.way:
            own(home, who)


def people(home: Home) -> None:
    """Everyone who can log in, and what an admin may do about it."""
    st.button("Add user", icon=":material/person_add:", key="add-user", on_click=dialogs.ask, args=("add-user",))
    found = list_users(home)
    if not found:
        words = (
            "There are no users: only the holder of the token can log in, on this machine. Add one for anybody else."
        )
        st.html(markup.notice("info", markup.text(words)))
    for each in found:
        with st.container(horizontal=True, vertical_alignment="center", key=f"item-user-{each.name}"):
            st.html(users.row(each), width="stretch")
            with st.container(horizontal=True, width="content", gap="small"):
                for label, kind in (("Role", "user-role"), ("Password", "user-password"), ("Remove", "remove-user")):
                    st.button(label, key=f"{kind}-{each.name}", on_click=dialogs.ask, args=(kind, each.name))


def own(home: Home, who: Identity) -> None:
    """One's own password: the present one is asked, since who sits here need not be who logged in."""
    frame.section("Your password")
    if not own_password.has_password(home, who.name):
        st.html(markup.notice("info", markup.text("You log in by single sign-on: your password is your provider's.")))
        return
    with frame.boundary(), st.form("own-password", clear_on_submit=True, border=False, width=420):
        present = st.text_input(
            "Present password", type="password", autocomplete="current-password", key="own-password-present"
        )
        fresh = st.text_input(
            "New password", type="password", autocomplete="new-password", key="own-password-new", help=users.LENGTH
        )
        again = st.text_input(
            "The new one again", type="password", autocomplete="new-password", key="own-password-again"
        )
        st.caption("Then you are logged out everywhere, here too: log in again with the new one.")
        if st.form_submit_button("Change password", type="primary", key="own-password-change"):
            own_password.change_own_password(home, who.name, present, users.same(fresh, again))
            st.logout()
            st.stop()


main(frame.home())
