"""``/preauth/<secret>``: downloads from one-time addresses, which ``?download_url`` at ``/node`` makes."""

from typing import Any

from twisted.web.iweb import IRequest

from awed.api.context import Context, Resource
from awed.api.rights import ANYONE
from awed.nodes.addresses import Offer
from awed.nodes.packing import Packer
from awed.web.calls import Call, Calls
from awed.web.download import File, send_file, send_source
from awed.web.traits import Traits


class PreauthResource(Resource):
    """One-time addresses of files."""

    calls = Calls[Context]()
    traits = Traits(is_secret=True)

    @calls("GET /<secret>", ANYONE, acts=True)
    async def show(self, call: Call[None], secret: str) -> File:
        """The file or archive at a one-time address, which is void afterwards."""
        address, members = await self.context.addresses.take(secret)
        if address.packing:
            in_turns = self.context.addresses.in_turns_of(address)
            return await send_source(call.request, Packer(members, address.packing), address.filename, in_turns)
        return await send_file(call.request, members[0].slices, address.name, secret, self.context.in_thread)


def shown_offer(offer: Offer, request: IRequest, context: Context) -> dict[str, Any]:
    """A new address, as Shock shows it."""
    return {
        "url": f"{context.hosts.base(request)}/preauth/{offer.secret}",
        "validtill": offer.address.valid_till.ctime(),
        "format": offer.address.packing,
        "filename": offer.address.filename,
        "files": offer.files,
        "size": offer.size,
    }
