#include "flow/udp/kept_questions.h"

#include <string>
#include <string_view>

#include "catch.h"

namespace weir {
namespace {

std::span<const std::uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string text(const KeptQuestions::Question* question) {
  return question == nullptr ? "none"
                             : std::string(question->payload.begin(), question->payload.end());
}

TEST_CASE("a question is kept until its flow has an answer") {
  KeptQuestions kept;
  CHECK(kept.find(1, 0) == nullptr);
  kept.keep(1, 0, bytes("first"));
  kept.keep(2, 0, bytes(""));
  CHECK(text(kept.find(1, 0)) == "first");
  CHECK(text(kept.find(2, 0)).empty());
  CHECK(kept.find(1, 1) == nullptr);
  kept.keep(1, 1, bytes("second"));
  CHECK(text(kept.find(1, 1)) == "second");
}

TEST_CASE("of a burst the first one is kept") {
  KeptQuestions kept;
  kept.keep(1, 0, bytes("first"));
  kept.keep(1, 0, bytes("again"));
  CHECK(text(kept.find(1, 0)) == "first");
}

TEST_CASE("what is larger than a packet is not kept") {
  KeptQuestions kept;
  const std::string large(KeptQuestions::largest, 'x');
  kept.keep(1, 0, bytes(large));
  const std::string larger = large + "x";
  kept.keep(2, 0, bytes(larger));
  CHECK(kept.find(1, 0) != nullptr);
  CHECK(kept.find(2, 0) == nullptr);
}

TEST_CASE("the oldest question makes room, and leaves nothing behind") {
  KeptQuestions kept;
  for (std::uint64_t flow = 0; flow < KeptQuestions::most; ++flow) {
    kept.keep(flow, 0, bytes("a longer one"));
    kept.find(flow, 0)->tried.push_back(nullptr);
  }
  CHECK(text(kept.find(0, 0)) == "a longer one");
  kept.keep(KeptQuestions::most, 0, bytes("b"));
  CHECK(kept.find(0, 0) == nullptr);
  CHECK(text(kept.find(1, 0)) == "a longer one");
  CHECK(text(kept.find(KeptQuestions::most, 0)) == "b");
  CHECK(kept.find(KeptQuestions::most, 0)->tried.empty());
}

}  // namespace
}  // namespace weir
