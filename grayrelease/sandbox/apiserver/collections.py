"""Deleting many objects at once."""

from __future__ import annotations

from multidict import MultiMapping

from grayrelease.sandbox.apiserver import deletion, reads, views
from grayrelease.sandbox.apiserver.deletion import DeleteOptions
from grayrelease.sandbox.apiserver.objects import Object, key_of
from grayrelease.sandbox.apiserver.place import Place
from grayrelease.sandbox.apiserver.reads import Page
from grayrelease.sandbox.apiserver.writes import Writer


async def delete(
    writer: Writer, place: Place, parameters: MultiMapping[str], options: DeleteOptions
) -> Object:
    """DELETE on a collection: the list of what was deleted, as it was."""
    page = await reads.listed(writer.store, place, parameters)
    for item in page.items:
        if writer.store.get(views.table_name(place.resource), key_of(item)) is item:
            deletion.delete_item(writer, place, item, options)
    return reads.as_list(Page(page.items, writer.store.version), place)
