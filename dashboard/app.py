"""The dashboard's frame."""

import streamlit as st

st.set_page_config(page_title="Quantstrip", layout="wide")
st.title("Quantstrip")
