#include "intercept/saved_syn.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>

#include <cstddef>
#include <cstring>

namespace weir {
namespace {

template <typename Header>
std::optional<Header> header_at(std::span<const std::uint8_t> bytes, std::size_t at) {
  if (bytes.size() < at + sizeof(Header)) {
    return std::nullopt;
  }
  Header header;
  std::memcpy(&header, bytes.data() + at, sizeof header);
  return header;
}

// As getsockname() would give it, so that both are read the same way.
template <typename Name>
Endpoint endpoint_of(const Name& name) {
  sockaddr_storage raw{};
  std::memcpy(&raw, &name, sizeof name);
  return Endpoint::from(raw);
}

constexpr std::uint8_t ecn_bits = 2;

}  // namespace

std::optional<SavedSyn> parse_syn(std::span<const std::uint8_t> headers) {
  const auto v4 = header_at<iphdr>(headers, 0);
  if (v4 && v4->version == 4) {
    const auto tcp = header_at<tcphdr>(headers, std::size_t{v4->ihl} * 4);
    if (!tcp || v4->ihl < 5 || v4->protocol != IPPROTO_TCP) {
      return std::nullopt;
    }
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = tcp->th_dport;
    name.sin_addr.s_addr = v4->daddr;
    return SavedSyn{.destination = endpoint_of(name),
                    .dscp = static_cast<std::uint8_t>(v4->tos >> ecn_bits)};
  }
  const auto v6 = header_at<ip6_hdr>(headers, 0);
  const auto tcp = header_at<tcphdr>(headers, sizeof(ip6_hdr));
  // A link-local address says nothing without its interface, which the socket knows.
  if (!v6 || !tcp || v4->version != 6 || v6->ip6_nxt != IPPROTO_TCP ||
      IN6_IS_ADDR_LINKLOCAL(&v6->ip6_dst)) {
    return std::nullopt;
  }
  sockaddr_in6 name{};
  name.sin6_family = AF_INET6;
  name.sin6_port = tcp->th_dport;
  name.sin6_addr = v6->ip6_dst;
  constexpr unsigned before_flow_label = 20;
  constexpr std::uint32_t traffic_class = 0xff;
  const std::uint32_t tclass = (ntohl(v6->ip6_flow) >> before_flow_label) & traffic_class;
  return SavedSyn{.destination = endpoint_of(name),
                  .dscp = static_cast<std::uint8_t>(tclass >> ecn_bits)};
}

}  // namespace weir
