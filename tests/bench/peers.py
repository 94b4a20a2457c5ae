"""LlamaIndex over the same documents, embedding and model, as it comes: its CitationQueryEngine
and its retrievers.

Its defaults stay: chunks of 1024 and citations of 512 tokens, two chunks, its own prompts.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import bm25s
import numpy as np
from llama_index.core import Document, QueryBundle, Settings, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.llms import CompletionResponse, CustomLLM, LLMMetadata, MockLLM
from llama_index.core.query_engine import CitationQueryEngine
from llama_index.core.retrievers import BaseRetriever, QueryFusionRetriever
from llama_index.core.retrievers.fusion_retriever import FUSION_MODES
from llama_index.core.schema import MetadataMode, NodeWithScore

from assistant.embeddings import Embedder
from assistant.models import Model, Prompt
from assistant.tokenization import terms
from assistant.types import Source, Span, Tokens

# "[1]" as it is asked for, "Source 1" as small models write
_MARK = re.compile(r"(?:\[|\bSource )(\d+)")
_NOTHING = re.compile(
    r"(?:\b(?:not|no|none|cannot|unable)\b|n't\b)[^.]{0,60}\b(?:mention|provide|contain|specif|state|"
    r"information|helpful|address|found|answer|relevant|enough)|empty response", re.IGNORECASE,
)


class Reply(NamedTuple):
    """What a peer answers: text, what it cites as source id and chunk, seconds until its text
    begins and ends, and what the model read and wrote."""

    text: str
    cited: tuple[tuple[str, str], ...]
    abstained: bool
    first_text: float
    seconds: float
    tokens: Tokens


class OurEmbedding(BaseEmbedding):  # type: ignore[misc]
    embedder: Any

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return [[float(x) for x in vector] for vector in self.embedder.embed(texts)]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


class _OurModel(CustomLLM):  # type: ignore[misc]
    model: Any

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(context_window=4096, num_output=512, model_name="peer")

    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
        return CompletionResponse(text="".join(self.model.stream(Prompt(system="", user=prompt))))

    def stream_complete(
        self, prompt: str, formatted: bool = False, **_: Any
    ) -> Iterator[CompletionResponse]:
        text = ""
        for piece in self.model.stream(Prompt(system="", user=prompt)):
            text += piece
            yield CompletionResponse(text=text, delta=piece)


def built(sources: Sequence[Source], embedder: Embedder) -> VectorStoreIndex:
    Settings.tokenizer = str.split  # its own is downloaded
    documents = [Document(text=s.text, doc_id=s.id, metadata={"title": s.title}) for s in sources]
    embedding = OurEmbedding(embedder=embedder, embed_batch_size=64)
    return VectorStoreIndex.from_documents(documents, embed_model=embedding)


class _WordRetriever(BaseRetriever):  # type: ignore[misc]
    """BM25 over the same chunks, with the program's own terms."""

    def __init__(self, nodes: Sequence[Any], most: int) -> None:
        super().__init__()
        self._nodes, self._most = nodes, most
        self._bm25 = bm25s.BM25()
        self._bm25.index([terms(n.get_content(MetadataMode.EMBED)) for n in nodes],
                         show_progress=False)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        known = [t for t in terms(query_bundle.query_str) if t in self._bm25.vocab_dict]
        scores = self._bm25.get_scores(known) if known else np.zeros(len(self._nodes))
        best = np.argsort(-scores, kind="stable")[: self._most]
        return [NodeWithScore(node=self._nodes[n], score=float(scores[n])) for n in best]


def retrievers(
    sources: Sequence[Source], embedder: Embedder, most: int
) -> Iterator[tuple[str, Callable[[str], list[tuple[str, Span]]]]]:
    """LlamaIndex's default retriever and its fusion by reciprocal rank with BM25: a question → the
    places of at most `most` chunks, the best first."""
    index = built(sources, embedder)
    vectors = index.as_retriever(similarity_top_k=most)
    words = _WordRetriever(list(index.docstore.docs.values()), most)
    fused = QueryFusionRetriever(
        [vectors, words], similarity_top_k=most, num_queries=1, use_async=False,
        mode=FUSION_MODES.RECIPROCAL_RANK, llm=MockLLM(),
    )
    for name, retriever in (("LlamaIndex default", vectors), ("LlamaIndex fusion", fused)):
        yield name, lambda text, retriever=retriever: [  # type: ignore[misc]
            (str(n.node.ref_doc_id), Span(n.node.start_char_idx, n.node.end_char_idx))
            for n in retriever.retrieve(text)
        ]


class CitationEngine:
    """Answers with sources cited by number; nothing is checked. It streams, which it does not by
    default: its text is the same and begins sooner."""

    def __init__(self, sources: Sequence[Source], embedder: Embedder, model: Model) -> None:
        index = built(sources, embedder)
        self._llm = _OurModel(model=model)
        self._engine = CitationQueryEngine.from_args(index, llm=self._llm, streaming=True)

    def ask(self, question: str) -> Reply:
        self._llm.model = self._llm.model.fresh()
        start = time.perf_counter()
        response = self._engine.query(question)
        text, first = "", None
        for piece in response.response_gen:
            first = first or time.perf_counter() - start
            text += piece
        seconds = time.perf_counter() - start
        nodes = response.source_nodes
        numbers = dict.fromkeys(int(n) for n in _MARK.findall(text))
        cited = tuple(
            (str(nodes[n - 1].node.ref_doc_id), nodes[n - 1].node.get_content())
            for n in numbers if 0 < n <= len(nodes)
        )
        opening = re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0]
        return Reply(
            text, cited, bool(_NOTHING.search(opening)) or not text.strip(), first or seconds,
            seconds, self._llm.model.tokens,
        )
