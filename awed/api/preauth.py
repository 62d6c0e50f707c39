"""``/preauth/<secret>``: a file for once, without a token. ``GET /node/<id>?download_url`` makes such an address."""

from awed.api.context import Context, Resource
from awed.api.rights import ANYONE
from awed.nodes.packing import packed
from awed.web.calls import Call, Calls
from awed.web.download import File, send_file, send_source
from awed.web.traits import Traits


class PreauthResource(Resource):
    """Addresses at which files can be had."""

    calls = Calls[Context]()
    traits = Traits(is_secret=True)

    @calls("GET /<secret>", ANYONE, acts=True)
    async def show(self, call: Call[None], secret: str) -> File:
        """A file, to whoever comes first."""
        address, slices = await self.context.addresses.take(secret)
        if address.packing:
            source = packed(slices, address.packing, address.name)
            in_turns = self.context.addresses.in_turns_of(address)
            return await send_source(call.request, source, f"{address.name}.{address.packing}", in_turns)
        return await send_file(call.request, slices, address.name, secret, self.context.in_thread)
