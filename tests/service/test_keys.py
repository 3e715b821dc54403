"""API keys."""

import hashlib

import pytest

from guanxi.engine.keys import SCOPES, allows, create_key, find_key, new_key, same_secret
from guanxi.errors import ParameterError
from guanxi.stores import EmbeddedStore


def test_new_key_shows_its_prefix_and_is_kept_as_a_hash():
    secret, key = new_key(scopes=["ingest", "read"], label="shop", now_us=7)
    mark, prefix, rest = secret.split("_", 2)
    assert (mark, prefix, len(prefix), len(rest)) == ("gx", key.prefix, 8, 43)
    assert key.sha256 == hashlib.sha256(secret.encode()).digest()
    assert (key.scopes, key.label, key.created_us, key.revoked_us) == (("read", "ingest"), "shop", 7, None)


def test_new_keys_differ():
    assert len({new_key(scopes=["read"], label="", now_us=0)[0] for _ in range(50)}) == 50


@pytest.mark.parametrize(
    ("scopes", "label", "message"),
    [([], "", "missing"), (["write"], "", "'write', not one of read, ingest, vet, admin"), (["read"], "a\nb", "label")],
)
def test_key_with_bad_scope_or_label_is_refused(scopes, label, message):
    with pytest.raises(ParameterError, match=message):
        new_key(scopes=scopes, label=label, now_us=0)


def test_key_in_a_store_is_found_until_it_is_revoked(tmp_path):
    store = EmbeddedStore(tmp_path / "store", create=True)
    secret, key = create_key(store, scopes=["read"], label="", now_us=1)
    create_key(store, scopes=["admin"], label="other", now_us=2)
    assert find_key(secret, store.keys()) == key
    assert store.revoke_key(key.prefix, now_us=3)
    assert find_key(secret, store.keys()) is None
    store.close()


def test_key_with_one_letter_changed_is_nobody():
    secret, key = new_key(scopes=["read"], label="", now_us=0)
    other = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    assert [find_key(text, [key]) for text in (other, "", secret + "x", secret[3:], "gx_\udcff")] == [None] * 5
    assert same_secret(secret, secret)
    assert not same_secret(secret, other)


def test_admin_may_do_everything_and_others_what_they_name():
    assert all(allows(("admin",), scope) for scope in SCOPES)
    assert allows(("read",), "read")
    assert not allows(("read", "ingest"), "admin")
