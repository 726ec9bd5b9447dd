#include "account/meaning.h"

#include <set>

#include "catch.h"

namespace weir {
namespace {

bool is_sentence(std::string_view text) {
  const bool begins = !text.empty() && ((text.front() >= 'A' && text.front() <= 'Z') ||
                                        text.starts_with("weir ") || text.starts_with('`'));
  return begins && text.ends_with('.') && text.find('|') == std::string_view::npos;
}

TEST_CASE("every reason has a sentence of its own") {
  std::set<std::string_view> sentences;
  for (std::size_t i = 0; i < static_cast<std::size_t>(Reason::count); ++i) {
    const auto reason = static_cast<Reason>(i);
    INFO(name_of(reason) << ": " << meaning_of(reason));
    CHECK(is_sentence(meaning_of(reason)));
    sentences.insert(meaning_of(reason));
  }
  CHECK(sentences.size() == static_cast<std::size_t>(Reason::count));
}

TEST_CASE("every end has a sentence of its own") {
  std::set<std::string_view> sentences;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(End::bug); ++i) {
    const auto end = static_cast<End>(i);
    INFO(name_of(end) << ": " << meaning_of(end));
    CHECK(is_sentence(meaning_of(end)));
    sentences.insert(meaning_of(end));
  }
  CHECK(sentences.size() == static_cast<std::size_t>(End::bug) + 1);
}

}  // namespace
}  // namespace weir
