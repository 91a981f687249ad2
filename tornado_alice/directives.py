"""What a reply sets going on the user's device and what comes of it: log in, tell the place, pay.

Each is a modifier, ``say("Где вы?", locate())``, and a question that waits for its own event: ``where = yield from
locate()``.
"""

from typing import Any

from .commands import LINKED
from .errors import ReplyError
from .modifiers import directive
from .questions import Directive


def link_account(saying: str = "Войдите в аккаунт, пожалуйста.") -> Directive:
    """Ask the user to log in; as a question its answer is True, or None if they do not want to.

    The token is then in `request.access_token`.
    """
    start = directive("start_account_linking", {})
    return Directive("link_account", start, saying, (LINKED,), lambda _: True)


def locate(saying: str = "Разрешите узнать, где вы находитесь?") -> Directive:
    """Ask the user where they are; as a question its answer is a `Location`, or None if they do not tell."""
    types = ("Geolocation.Allowed", "Geolocation.Rejected")
    return Directive("locate", directive("request_geolocation", {}), saying, types, lambda heard: heard.location)


def purchase(
    request_id: str,
    *products: dict[str, Any],
    caption: str,
    merchant_key: str,
    saying: str = "Подтвердите покупку, пожалуйста.",
    description: str = "",
    image_url: str = "",
    currency: str = "RUB",
    type: str = "BUY",
    payload: Any = None,
    test_payment: bool = False,
    **fields: Any,
) -> Directive:
    """Offer something for sale; as a question its answer is the request Purchase.Confirmation, or None.

    Args:
        request_id: the author's own id of this purchase; it comes back.
        products: make each with `product(...)`.
        caption, description, image_url: what the user sees.
        merchant_key: of the shop, as the platform gave it.
        saying: the phrase of the question.
        payload: comes back as ``purchase_payload``.
        test_payment: nobody is charged.
        fields: further ones of the directive, as they are (``delivery``, ...).

    Raises:
        ReplyError: no id, or no product.

    >>> shop = {"caption": "Пицца", "merchant_key": "key"}
    >>> reply = say("Оплатите, пожалуйста", purchase("order-1", product("p1", "Пицца", 500), **shop))
    >>> reply["directives"]["start_purchase"]["products"][0]["price"]
    '500'
    """
    if not request_id or not products:
        raise ReplyError("purchase(): an id and one or more products, purchase('order-1', product(...), ...)")
    offer = {
        "purchase_request_id": request_id,
        "image_url": image_url,
        "caption": caption,
        "description": description,
        "currency": currency,
        "type": type,
        "payload": {} if payload is None else payload,
        "merchant_key": merchant_key,
        "test_payment": test_payment,
        "products": list(products),
    }
    start = directive("start_purchase", offer | fields)
    return Directive("purchase", start, saying, ("Purchase.Confirmation",), lambda heard: heard)
