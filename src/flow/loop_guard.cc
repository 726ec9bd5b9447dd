#include "flow/loop_guard.h"

#include <algorithm>

#include "base/local_address.h"

namespace weir {
namespace {

// How many sockets may be known at once. The kernel spreads flows evenly over workers, and a table
// has room for twice what it is made for.
constexpr std::uint64_t max_sockets = 131'072;

std::uint64_t key_of(Protocol protocol, const Endpoint& local, const Endpoint& remote) {
  const std::uint64_t salt = protocol == Protocol::tcp ? 0 : 0x9e3779b97f4a7c15U;
  return hash_of(local) ^ (hash_of(remote) * 0xd1b54a32d192ed03U) ^ salt;
}

}  // namespace

OwnSocketTables::OwnSocketTables(std::size_t workers) {
  workers = std::max<std::size_t>(workers, 1);
  for (std::size_t i = 0; i < workers; ++i) {
    tables_.push_back(std::make_unique<SharedCounts>(max_sockets / workers));
  }
}

std::uint64_t OwnSocketTables::count(std::uint64_t key) const {
  std::uint64_t out = 0;
  for (const auto& table : tables_) {
    out += table->count(key);
  }
  return out;
}

void LoopGuard::opened(const OwnSocket& socket) {
  const auto key = key_of(socket.protocol, socket.local, socket.remote);
  for (int i = 0; i <= socket.generation; ++i) {
    static_cast<void>(sockets_.try_add(key));
  }
}

void LoopGuard::closed(const OwnSocket& socket) {
  const auto key = key_of(socket.protocol, socket.local, socket.remote);
  for (int i = 0; i <= socket.generation; ++i) {
    sockets_.subtract(key);
  }
}

LoopGuard::Finding LoopGuard::check(const Flow& flow, Port port) const {
  if (flow.destination.port == port && is_local_address(flow.destination.address)) {
    return {.is_loop = true, .is_for_our_port = true};
  }
  std::uint64_t seen = all_.count(key_of(flow.protocol, flow.client, flow.destination));
  if (flow.protocol == Protocol::udp) {
    // Mappings are not connected, and from the router's own address not even bound to it.
    const Endpoint wildcard{Address::any(flow.client.family()), flow.client.port};
    const Endpoint anyone;
    seen = std::max(seen, all_.count(key_of(Protocol::udp, flow.client, anyone)));
    if (all_.count(key_of(Protocol::udp, wildcard, anyone)) != 0 &&
        is_local_address(flow.client.address)) {
      return {.is_loop = true};
    }
  }
  if (seen == 0) {
    return {};
  }
  const auto generation = static_cast<std::uint8_t>(std::min<std::uint64_t>(seen, max_generations));
  return {.is_loop = generation >= max_generations || is_local_address(flow.client.address),
          .generation = generation};
}

}  // namespace weir
