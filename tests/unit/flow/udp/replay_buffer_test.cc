#include "flow/udp/replay_buffer.h"

#include <string>
#include <string_view>

#include "catch.h"

namespace weir {
namespace {

std::span<const std::uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string text(const ReplayBuffer::Entry* entry) {
  return entry == nullptr ? "none" : std::string(entry->payload.begin(), entry->payload.end());
}

TEST_CASE("a query is kept until its flow has an answer") {
  ReplayBuffer kept;
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
  ReplayBuffer kept;
  kept.keep(1, 0, bytes("first"));
  kept.keep(1, 0, bytes("again"));
  CHECK(text(kept.find(1, 0)) == "first");
}

TEST_CASE("what is larger than a packet is not kept") {
  ReplayBuffer kept;
  const std::string large(ReplayBuffer::largest, 'x');
  kept.keep(1, 0, bytes(large));
  const std::string larger = large + "x";
  kept.keep(2, 0, bytes(larger));
  CHECK(kept.find(1, 0) != nullptr);
  CHECK(kept.find(2, 0) == nullptr);
}

TEST_CASE("the oldest query makes room, and leaves nothing behind") {
  ReplayBuffer kept;
  for (std::uint64_t flow = 0; flow < ReplayBuffer::max; ++flow) {
    kept.keep(flow, 0, bytes("a longer one"));
    kept.find(flow, 0)->tried.push_back(nullptr);
  }
  CHECK(text(kept.find(0, 0)) == "a longer one");
  kept.keep(ReplayBuffer::max, 0, bytes("b"));
  CHECK(kept.find(0, 0) == nullptr);
  CHECK(text(kept.find(1, 0)) == "a longer one");
  CHECK(text(kept.find(ReplayBuffer::max, 0)) == "b");
  CHECK(kept.find(ReplayBuffer::max, 0)->tried.empty());
}

}  // namespace
}  // namespace weir
