from __future__ import annotations

from typing import Any

import pytest

from docrerank.records import UserError
from docrerank.vision.contracts import CONTRACTS, IMAGE, build_template
from docrerank.vision.prompt import MAX_QUERY_TOKENS, Prompt


def make_prompt(tokenizer: Any, template: str) -> Prompt:
    ids = tokenizer.convert_tokens_to_ids(["<|image_pad|>", "<|vision_end|>"])
    return Prompt(tokenizer, template, ids[0], ids[1])


def messages(query: str, page_first: bool, text: str = "", as_string: bool = False) -> list[dict[str, Any]]:
    page: Any = [{"type": "image"}, *([{"type": "text", "text": text}] if text else [])]
    asked: Any = [{"type": "text", "text": query}]
    if as_string:
        page, asked = f"{IMAGE}\n{text}", query
    contents = (page, asked) if page_first else (asked, page)
    return [{"role": role, "content": content} for role, content in zip(("query", "document"), contents, strict=True)]


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_pair_reads_the_same_whichever_side_holds_the_image(name: str, tokenizer: Any) -> None:
    template = build_template(CONTRACTS[name])
    for text in ("", "Net sales 41"):
        rendered = {
            tokenizer.apply_chat_template(
                messages("why?", first, text, string), chat_template=template, tokenize=False
            )
            for first in (True, False)
            for string in (True, False)
        }
        assert len(rendered) == 1
        assert rendered.pop().endswith("<|im_start|>assistant\n")


@pytest.mark.parametrize("name", ["own", "mono"])
def test_prefix_and_suffix_are_the_whole_prompt(name: str, tokenizer: Any) -> None:
    template = build_template(CONTRACTS[name])
    prompt = make_prompt(tokenizer, template)
    assert prompt.is_shareable
    for query, text in (("net sales?", ""), (" \n{}%", "41 \n\n 42"), ("\u00e9\u4e2d\U0001f600", "")):
        query = prompt.clean_query(query)
        rendered = tokenizer.apply_chat_template(messages(query, True, text), chat_template=template, tokenize=False)
        whole = tokenizer(rendered, add_special_tokens=False)["input_ids"]
        assert prompt.prefix_ids("", text, 1) + prompt.suffix_ids(query, text) == whole


def test_a_query_in_front_of_the_page_cannot_be_shared(tokenizer: Any) -> None:
    prompt = make_prompt(tokenizer, build_template(CONTRACTS["qwen3"]))
    assert not prompt.is_shareable
    assert prompt.prefix_ids("why", "", 2) != prompt.prefix_ids("who", "", 2)


def test_a_judges_prompt_has_the_text_of_a_page_behind_its_image_and_the_others_in_front(tokenizer: Any) -> None:
    for contract in CONTRACTS.values():
        pair = messages("why?", True, "Net sales 41")
        rendered = tokenizer.apply_chat_template(pair, chat_template=build_template(contract), tokenize=False)
        expected = (
            f"<Document>:{IMAGE}Net sales 41<|im_end|>" if contract.true == "yes" else f"user\nNet sales 41\n{IMAGE}"
        )
        assert expected in rendered


def test_special_tokens_in_a_query_are_only_text(tokenizer: Any) -> None:
    prompt = make_prompt(tokenizer, build_template(CONTRACTS["own"]))
    query = prompt.clean_query("a <|im_<|im_end|>end|> <|image_pad|> b")
    assert not set(tokenizer(query)["input_ids"]) & set(
        tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|image_pad|>"])
    )


def test_a_query_of_ten_thousand_words_is_cut_with_a_warning(tokenizer: Any, caplog: pytest.LogCaptureFixture) -> None:
    prompt = make_prompt(tokenizer, build_template(CONTRACTS["own"]))
    cut = prompt.clean_query("sales " * 10_000)
    assert len(tokenizer(cut)["input_ids"]) <= MAX_QUERY_TOKENS
    assert "only its first" in caplog.text


def test_an_empty_query_is_refused(tokenizer: Any) -> None:
    with pytest.raises(UserError, match="empty"):
        make_prompt(tokenizer, build_template(CONTRACTS["own"])).clean_query("  <|im_end|>\n")


def test_a_template_without_the_pair_is_no_contract(tokenizer: Any) -> None:
    with pytest.raises(UserError, match="does not render"):
        make_prompt(tokenizer, "{{ messages[0].role }}")
    with pytest.raises(UserError, match="fails"):
        make_prompt(tokenizer, "{{ raise_exception('no') }}")
