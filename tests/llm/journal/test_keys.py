def test_everything_that_decides_a_reply_is_in_its_key(entry, identity):
    other = [
        entry(prompt="别的"),
        entry(sample=1),
        entry(schema={"type": "object"}),
        *(entry(identity={**identity, field: value}) for field, value in (("model", "n"), ("address", "a"))),
        entry(identity={**identity, "parameters": {"temperature": 0.8}}),
    ]
    keys = {entry().key, *(changed.key for changed in other)}
    assert len(keys) == 7
    served = [entry(identity={**identity, part: value}) for part in ("engine", "template") for value in ("a", "b")]
    assert len(keys | {one.key for one in served}) == 11
    assert entry(date="2030-01-01", text="x").key == entry().key
    assert entry(identity={**identity, "name": "x"}).key == entry().key
