import pytest

pytest.register_assert_rewrite("tests.sources.asking", "tests.sources.contract")
