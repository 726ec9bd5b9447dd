#include "weir/server.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "base/seqlock.h"
#include "base/server_counts.h"

namespace weir {

void AddressSet::add(const Address& address) {
  if (size_ < capacity) {
    addresses_[size_++] = address;
  }
}

Server::Server(Identity identity, std::shared_ptr<ServerAddresses> known, std::size_t workers)
    : identity_(std::move(identity)),
      known_(std::move(known)),
      counts_(std::make_unique<ServerCounts>(workers)) {
  auto literal = Address::parse(identity_.host);
  named_ = !literal.ok();
  if (literal.ok()) {
    AddressSet only;
    only.add(literal.value());
    publish(only);
  }
}

Server::~Server() = default;

// Words are released and acquired one by one, instead of fences around them all, which the thread
// sanitizer does not know: a reader that got a word of a newer answer also sees that the version
// has moved. On x86 both cost the same, nothing.
void Server::publish(const AddressSet& addresses) {
  for (std::size_t i = 0; known_ && i < addresses.size(); ++i) {
    known_->add(addresses[i]);
  }
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
  const auto copy = [this]() {
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
    return out;
  };
  return seqlock::read(version_, copy, std::this_thread::yield);
}

bool Server::has(const Address& address) const {
  const AddressSet all = addresses();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] == address) {
      return true;
    }
  }
  return false;
}

bool Server::is_our_own(int code) {
  switch (code) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case EADDRINUSE:
    case EADDRNOTAVAIL:
    case EACCES:
    case EPERM:
    case ENODEV:  // the interface that the upstream names
    case ENOSPC:  // fs.epoll.max_user_watches
      return true;
    default:
      return false;
  }
}

void Server::note_failure(Instant now, int code) {
  if (!is_our_own(code)) {
    failures_total.fetch_add(1, std::memory_order_relaxed);
    health.note_failure(now);
  }
}

ServerHealth::Doubt Server::note_doubt(Instant now, std::uint64_t target) {
  failures_total.fetch_add(1, std::memory_order_relaxed);
  return health.note_doubt(now, target);
}

std::shared_ptr<Server> Server::take(const std::shared_ptr<Server>& server, std::size_t worker,
                                     std::uint64_t max) {
  if (!server->counts().take(worker, max)) {
    return nullptr;
  }
  return {server.get(),
          [server, worker, max](Server*) { server->counts().give_back(worker, max); }};
}

namespace {

// Forgets what has no holder any more, whenever there are twice as many names: those that come and
// go with a service's records must not pile up.
template <typename Held>
void drop_the_gone(Held& held) {
  constexpr std::size_t min = 64;
  const std::size_t size = held.size();
  if (size >= min && (size & (size - 1)) == 0) {
    std::erase_if(held, [](const auto& one) { return one.second.expired(); });
  }
}

}  // namespace

ServerPool::ServerPool(Clock clock, std::size_t workers)
    : clock_(std::move(clock)), workers_(workers) {
  if (!clock_) {
    clock_ = [] {
      return std::chrono::time_point_cast<Instant::duration>(std::chrono::steady_clock::now());
    };
  }
}

std::shared_ptr<Service> ServerPool::service(const std::string& name) {
  drop_the_gone(services_);
  auto& slot = services_[name];
  auto service = slot.lock();
  if (!service) {
    service = std::make_shared<Service>(name);
    slot = service;
  }
  return service;
}

std::shared_ptr<Server> ServerPool::get(const Server::Identity& identity) {
  drop_the_gone(servers_);
  auto& slot = servers_[identity];
  auto server = slot.lock();
  if (!server) {
    server = std::make_shared<Server>(identity, addresses_, workers_);
    slot = server;
  }
  return server;
}

}  // namespace weir
