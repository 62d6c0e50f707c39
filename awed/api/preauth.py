"""``/preauth/<secret>``: a file for once, without a token. ``GET /node/<id>?download_url`` makes such an address."""

from werkzeug.exceptions import MethodNotAllowed

from awed.api.hosts import OwnHosts
from awed.model.access import User
from awed.nodes.addresses import Addresses
from awed.nodes.packing import PACKINGS, packed
from awed.tx.threads import InThread
from awed.web.body import AwedRequest
from awed.web.download import send_file, send_source
from awed.web.envelope import answer
from awed.web.errors import new_app
from awed.web.params import Params


class PreauthResource:
    """Addresses at which files can be had."""

    app = new_app()

    def __init__(self, addresses: Addresses, hosts: OwnHosts, in_thread: InThread) -> None:
        self._addresses = addresses
        self._hosts = hosts
        self._in_thread = in_thread

    @app.route("/<secret>", methods=["GET"])
    async def show(self, request: AwedRequest, secret: str) -> bytes:
        """A file, to whoever comes first."""
        if request.method == b"HEAD":
            raise MethodNotAllowed(["GET"])  # to ask for it must not use it up
        address, slices = await self._addresses.take(secret)
        if address.packing:
            source = packed(slices, address.packing, address.name)
            return await send_source(request, source, f"{address.name}.{address.packing}", self._in_thread)
        return await send_file(request, slices, address.name, secret, self._in_thread)

    async def offer(self, request: AwedRequest, node_id: str, user: User, params: Params) -> bytes:
        """Answer with an address of a node's file."""
        packing = params.choice("compression", ("", *PACKINGS), "")
        secret, address, size = await self._addresses.make(node_id, user, params.text("file_name"), packing)
        data = {
            "url": f"{self._hosts.base(request)}/preauth/{secret}",
            "validtill": address.valid_till.ctime(),
            "format": packing,
            "filename": f"{address.name}.{packing}" if packing else address.name,
            "files": 1,
            "size": size,
        }
        return answer(request, data)
