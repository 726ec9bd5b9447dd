#include "flow/dns_connections.h"

namespace weir {
namespace {

constexpr Port dns_over_tcp = 53;

}  // namespace

void DnsConnections::begin(TcpRelay& relay, const Flow& flow) {
  if (flow.destination.port == dns_over_tcp && lookups_.are_wanted()) {
    all_[&relay] = {.client = flow.client.address, .answers = {}};
    relay.watch_server();
  }
}

void DnsConnections::take(const TcpRelay& relay, std::span<const std::uint8_t> piece) {
  const auto found = all_.find(&relay);
  if (found == all_.end()) {
    return;
  }
  Connection& connection = found->second;
  connection.answers.take(piece, [this, &connection](std::span<const std::uint8_t> message) {
    lookups_.answered(connection.client, message);
  });
  lookups_.settle();
}

void DnsConnections::end(const TcpRelay& relay) {
  if (relay.is_server_watched()) {
    all_.erase(&relay);
  }
}

}  // namespace weir
