#include "weir/server.h"

#include <cstring>
#include <utility>

namespace weir {

void AddressSet::add(const Address& address) {
  if (size_ < capacity) {
    addresses_[size_++] = address;
  }
}

Server::Server(Identity identity) : identity_(std::move(identity)) {
  auto literal = Address::parse(identity_.host);
  named_ = !literal.ok();
  if (literal.ok()) {
    AddressSet only;
    only.add(literal.value());
    publish(only);
  }
}

// Words are released and acquired one by one, instead of fences around them all, which the thread
// sanitizer does not know: a reader that got a word of a newer answer also sees that the version
// has moved. On x86 both cost the same, nothing.
void Server::publish(const AddressSet& addresses) {
  const auto version = version_.load(std::memory_order_relaxed);
  version_.store(version + 1, std::memory_order_relaxed);
  std::size_t word = 0;
  const auto put = [&](std::uint64_t value) {
    published_[word++].store(value, std::memory_order_release);
  };
  put(addresses.size());
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    std::array<std::uint64_t, 2> halves{};
    std::memcpy(halves.data(), addresses[i].bytes().data(), 16);
    put(halves[0]);
    put(halves[1]);
    put(addresses[i].scope());
  }
  version_.store(version + 2, std::memory_order_release);
}

AddressSet Server::addresses() const {
  while (true) {
    const auto before = version_.load(std::memory_order_acquire);
    AddressSet out;
    std::size_t word = 0;
    const auto take = [&]() { return published_[word++].load(std::memory_order_acquire); };
    const auto size = take();
    for (std::size_t i = 0; i < size && i < AddressSet::capacity; ++i) {
      std::array<std::uint64_t, 2> halves{};
      halves[0] = take();
      halves[1] = take();
      const auto scope = take();
      in6_addr raw{};
      std::memcpy(&raw, halves.data(), 16);
      out.add(Address::v6(raw, static_cast<std::uint32_t>(scope)));
    }
    if (before % 2 == 0 && version_.load(std::memory_order_relaxed) == before) {
      return out;
    }
  }
}

std::shared_ptr<Server> ServerPool::get(const Server::Identity& identity) {
  auto& slot = servers_[identity];
  auto server = slot.lock();
  if (!server) {
    server = std::make_shared<Server>(identity);
    slot = server;
  }
  return server;
}

}  // namespace weir
