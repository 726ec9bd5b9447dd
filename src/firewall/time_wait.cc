// The problem: a connection that weir accepted ends in TIME_WAIT, on the router and under the
// server's address. For a minute early demux ties every packet of that pair of addresses and ports
// to it, and the kernel does not forward a packet that has a socket. While weir's rules are there
// they deliver such a packet, and weir serves it. Without them a client that takes the same port
// again for the same server is answered by nothing at all.
//
// Rejected: rules that stay for a minute. Something must then still be there to take them away.
//
// The choice: the kernel is told to forget them (SOCK_DESTROY, sock_diag(7)). Ours are known by
// their address, which is not the router's own; another transparent proxy's look the same, and lose
// only what protects them from segments that are late by a minute.
#include "firewall/time_wait.h"

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <unordered_map>
#include <vector>

#include "base/local_address.h"
#include "base/netlink.h"
#include "base/transparent.h"

namespace weir::firewall {
namespace {

using netlink::body_as;
using netlink::Bytes;
using std::chrono::steady_clock;

constexpr std::chrono::seconds timeout{2};

inet_diag_req_v2 request_for(int family) {
  inet_diag_req_v2 request{};
  request.sdiag_family = static_cast<std::uint8_t>(family);
  request.sdiag_protocol = IPPROTO_TCP;
  return request;
}

Address local_address_of(const inet_diag_msg& found) {
  if (found.idiag_family == AF_INET) {
    in_addr four{};
    std::memcpy(&four, found.id.idiag_src, sizeof four);
    return Address::v4(four);
  }
  in6_addr six{};
  std::memcpy(&six, found.id.idiag_src, sizeof six);
  return Address::v6(six, found.id.idiag_if);
}

// 0, or why the kernel did not.
int destroy(const Descriptor& socket, const inet_diag_msg& found) {
  inet_diag_req_v2 request = request_for(found.idiag_family);
  request.id = found.id;
  const auto message = netlink::Request(SOCK_DESTROY, request).message(NLM_F_REQUEST | NLM_F_ACK);
  std::array<std::byte, 1024> answer{};
  if (send(socket.get(), message.data(), message.size(), 0) < 0) {
    return errno;
  }
  const ssize_t size = recv(socket.get(), answer.data(), answer.size(), 0);
  if (size < 0) {
    return errno;
  }
  const auto error = body_as<int>(Bytes(answer).first(static_cast<std::size_t>(size)));
  return error ? -*error : EBADMSG;
}

}  // namespace

Result<std::uint64_t> forget_time_wait() {
  const auto socket = netlink::open(NETLINK_SOCK_DIAG);
  if (!socket) {
    return socket.error();
  }
  std::vector<inet_diag_msg> waiting;
  for (const int family : {AF_INET, AF_INET6}) {
    inet_diag_req_v2 request = request_for(family);
    request.idiag_states = 1U << TCP_TIME_WAIT;
    // Without IPv6 in the kernel there is nothing of IPv6 to forget.
    static_cast<void>(netlink::dump(socket.value(), netlink::Request(SOCK_DIAG_BY_FAMILY, request),
                                    [&](Bytes message) {
                                      if (const auto one = body_as<inet_diag_msg>(message)) {
                                        waiting.push_back(*one);
                                      }
                                    }));
  }
  const auto until = steady_clock::now() + timeout;
  std::unordered_map<Address, bool, AddressHash> is_own;
  std::uint64_t forgotten = 0;
  for (const inet_diag_msg& one : waiting) {
    const Address address = local_address_of(one);
    const auto [known, is_new] = is_own.try_emplace(address, false);
    if (is_new) {
      known->second = is_local_address(address);
    }
    if (known->second) {
      continue;
    }
    const int code = destroy(socket.value(), one);
    if (code == EOPNOTSUPP || code == EINVAL || code == EPERM) {
      return system_error("the kernel does not take away connections in TIME_WAIT", code);
    }
    forgotten += code == 0 ? 1 : 0;
    if (steady_clock::now() >= until) {
      break;
    }
  }
  return forgotten;
}

}  // namespace weir::firewall
