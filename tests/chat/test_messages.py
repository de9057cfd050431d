from __future__ import annotations

import base64
import json

import pytest
from pydantic import BaseModel

from docrerank.chat import ChatRequest, Image
from docrerank.recipe.endpoints import Endpoint, Sampling
from docrerank.records import UserError

ENDPOINT = Endpoint(
    base_url="http://127.0.0.1/v1", model="m", extra={"chat_template_kwargs": {"enable_thinking": False}}
)


class Year(BaseModel):
    year: int


def test_a_body_is_what_the_api_documents(picture: bytes) -> None:
    request = ChatRequest((Image.encode(picture), 'Which "year"?\n\u00e9\ud800'), system="be short")
    body = json.loads(request.body(ENDPOINT))
    system, user = body["messages"]
    assert system == {"role": "system", "content": "be short"}
    assert [part["type"] for part in user["content"]] == ["image_url", "text"]
    assert user["content"][1]["text"] == 'Which "year"?\n\u00e9\ud800'
    assert base64.b64decode(user["content"][0]["image_url"]["url"].partition(",")[2]) == picture
    assert body["model"] == "m"
    assert body["chat_template_kwargs"] == {"enable_thinking": False}


def test_calls_of_a_page_share_all_bytes_up_to_the_question(picture: bytes) -> None:
    image = Image.encode(picture)
    bodies = [ChatRequest((image, text), system="s").body(ENDPOINT) for text in ("first", "second")]
    prompts = [body[body.index(b'"messages"') :] for body in bodies]
    assert prompts[0].index(b"first") == prompts[1].index(b"second") > len(image.part)


def test_the_key_depends_on_all_that_shapes_the_answer_and_on_nothing_else(picture: bytes) -> None:
    image = Image.encode(picture)
    base = ChatRequest((image, "Which year?"))
    same = Endpoint(
        base_url="http://other/v1", model="m", extra=ENDPOINT.extra, api_key_env="KEY", timeout=9, price_input=1
    )
    others = [
        ChatRequest((image, "Which one?")),
        ChatRequest(("Which year?",)),
        ChatRequest((image, "Which year?"), system="s"),
        ChatRequest((image, "Which year?"), schema=Year),
        ChatRequest((image, "Which year?"), one_token=True),
    ]
    models = [same.model_copy(update={"model": "n"}), same.model_copy(update={"sampling": Sampling(seed=14)})]
    keys = {request.key(ENDPOINT) for request in others} | {base.key(model) for model in models}
    assert base.key(ENDPOINT) == base.key(same) == ChatRequest((image, "Which year?"), group="g").key(ENDPOINT)
    assert len(keys | {base.key(ENDPOINT)}) == 8


def test_two_texts_are_not_one() -> None:
    assert ChatRequest(("ab", "c")).key(ENDPOINT) != ChatRequest(("a", "bc")).key(ENDPOINT)


def test_an_image_knows_its_size_and_type(picture: bytes) -> None:
    image = Image.encode(picture)
    assert (image.width, image.height) == (64, 90)
    assert image.part.startswith(b'{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,')
    assert ENDPOINT.image_tokens(64, 90) == 3 * 4


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"%PDF-1.4", b"\x89PNG\r\n\x1a\n"])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(UserError, match="JPEG or PNG"):
        Image.encode(data)


@pytest.mark.parametrize("settings", [{"api_key_env": "sk-proj-secret"}, {"base_url": "https://me:secret@host/v1"}])
def test_a_secret_in_a_recipe_is_refused_and_not_shown(settings: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="hidden") as caught:
        Endpoint(**settings)
    assert "secret" not in str(caught.value)
