"""The next page of a model list, in the forms of the trade."""

from typing import Any

import pytest
from batch_import.domain.paging import next_page
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("body", "query"),
    [
        ({"has_more": True, "last_id": "p/m"}, {"after_id": "p/m", "after": "p/m", "limit": "1000"}),
        ({"has_more": False, "last_id": "p/m"}, {}),
        ({"has_more": True, "last_id": None}, {}),
        ({"models": [], "nextPageToken": "abc"}, {"pageToken": "abc"}),
        ({"next_page_token": "abc"}, {"page_token": "abc"}),
        ({"next_page": 2}, {"page": "2"}),
        ({"next_page": None}, {}),
        ({"page": 1, "total_pages": 3}, {"page": "2"}),
        ({"page": 3, "total_pages": 3}, {}),
        ({"current_page": 1, "last_page": 2}, {"page": "2"}),
        ({"page": 1, "has_more": True}, {"page": "2"}),
        ({"pagination": {"page": 1, "pages": 2}}, {"page": "2"}),
        ({"next": "https://elsewhere.example/v1/models?cursor=x%2Fy"}, {"cursor": "x/y"}),
        ({"next": "/v1/models"}, {}),
        ({"data": []}, {}),
        ([], {}),
        (None, {}),
    ],
)
def test_each_form_names_its_next_page(body: Any, query: dict[str, str]) -> None:
    assert next_page(body) == query


FIELDS = st.sampled_from(["has_more", "last_id", "next", "next_page", "page", "total_pages", "pagination"])
VALUES = (
    st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()) | st.dictionaries(FIELDS, st.text())
)


@given(st.dictionaries(FIELDS, VALUES))
def test_no_body_is_an_error(body: dict[str, Any]) -> None:
    assert all(isinstance(value, str) for value in next_page(body).values())
