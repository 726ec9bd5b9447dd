// Any bytes as a MaxMind database: the walk ends, and what it gives are networks of either family.
#include <algorithm>
#include <cstdint>

#include "expect.h"
#include "sets/list_source.h"
#include "sets/mmdb.h"

namespace weir {
namespace {

class Bytes final : public ListSource {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
  Result<std::size_t> read(std::span<char> into) override {
    const std::size_t size = std::min(into.size(), left_);
    std::copy_n(data_, size, into.begin());
    data_ += size;
    left_ -= size;
    return size;
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

void walk_any(const std::uint8_t* data, std::size_t size) {
  Bytes source(data, size);
  const auto database = Mmdb::open(source);
  if (!database.ok()) {
    expect(!database.error().text().empty(), "an error says something");
    return;
  }
  std::size_t networks = 0;
  const auto walked = database.value().walk(
      [](const NetworkFacts& facts) {
        return facts.country.empty() ? Mmdb::unclassed : facts.country.front() % 2;
      },
      [&](const Prefix& network, int of) -> Result<> {
        expect(of >= 0, "only what has a class is given");
        expect(network.length <= (network.address.is_v4() ? 32 : 128), "a prefix has its length");
        expect(network_of(network.address, network.length) == network.address,
               "a prefix has no host bits");
        ++networks;
        return Ok{};
      });
  expect(walked.ok() || !walked.error().text().empty(), "an error says something");
  // Two records a node, and each node at most twice.
  expect(networks <= 4 * size + 2, "the walk ends");
}

}  // namespace
}  // namespace weir

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weir::walk_any(data, size);
  return 0;
}
