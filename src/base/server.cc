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

void Server::publish(const AddressSet& addresses) {
  const auto version = version_.load(std::memory_order_relaxed);
  version_.store(version + 1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  std::size_t word = 0;
  published_[word++].store(addresses.size(), std::memory_order_relaxed);
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    std::array<std::uint64_t, 2> halves{};
    std::memcpy(halves.data(), addresses[i].bytes().data(), 16);
    published_[word++].store(halves[0], std::memory_order_relaxed);
    published_[word++].store(halves[1], std::memory_order_relaxed);
    published_[word++].store(addresses[i].scope(), std::memory_order_relaxed);
  }
  version_.store(version + 2, std::memory_order_release);
}

AddressSet Server::addresses() const {
  while (true) {
    const auto before = version_.load(std::memory_order_acquire);
    AddressSet out;
    std::size_t word = 0;
    const auto size = published_[word++].load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < size && i < AddressSet::capacity; ++i) {
      std::array<std::uint64_t, 2> halves{};
      halves[0] = published_[word++].load(std::memory_order_relaxed);
      halves[1] = published_[word++].load(std::memory_order_relaxed);
      const auto scope = published_[word++].load(std::memory_order_relaxed);
      in6_addr raw{};
      std::memcpy(&raw, halves.data(), 16);
      out.add(Address::v6(raw, static_cast<std::uint32_t>(scope)));
    }
    std::atomic_thread_fence(std::memory_order_acquire);
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
