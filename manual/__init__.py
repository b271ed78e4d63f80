"""The documentation site: `make docs` builds it of docs/, conf/ and the door plates, in an environment of its own.

knobs reads conf/, doors the door plates, pages makes pages of both, hook gives these a place in the navigation.
"""
