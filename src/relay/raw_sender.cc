#include "relay/raw_sender.h"

#include <linux/filter.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/transparent.h"

namespace weir {
namespace {

template <typename T>
void append(std::vector<std::uint8_t>& out, const T& header) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&header);
  out.insert(out.end(), bytes, bytes + sizeof header);
}

std::uint32_t sum_words(std::span<const std::uint8_t> bytes, std::uint32_t sum) {
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    sum += static_cast<std::uint32_t>(bytes[i] << 8U | bytes[i + 1]);
    sum = (sum & 0xffffU) + (sum >> 16U);
  }
  if (bytes.size() % 2 != 0) {
    sum += static_cast<std::uint32_t>(bytes.back() << 8U);
  }
  return (sum & 0xffffU) + (sum >> 16U);
}

std::uint16_t fold(std::uint32_t sum) {
  while (sum >> 16U != 0) {
    sum = (sum & 0xffffU) + (sum >> 16U);
  }
  return static_cast<std::uint16_t>(~sum & 0xffffU);
}

// The headers of the packet that failed, as an ICMP error quotes them. All that the receiver looks
// at are the addresses, the protocol and the ports.
void append_quoted(std::vector<std::uint8_t>& out, const Endpoint& client,
                   const Endpoint& destination) {
  udphdr udp{};
  udp.source = htons(client.port);
  udp.dest = htons(destination.port);
  udp.len = htons(sizeof udp);
  if (client.address.is_v4()) {
    iphdr ip{};
    ip.version = 4;
    ip.ihl = 5;
    ip.tot_len = htons(sizeof ip + sizeof udp);
    ip.ttl = 64;
    ip.protocol = IPPROTO_UDP;
    ip.saddr = client.address.to_v4().s_addr;
    ip.daddr = destination.address.to_v4().s_addr;
    std::array<std::uint8_t, sizeof ip> raw{};
    std::memcpy(raw.data(), &ip, sizeof ip);
    ip.check = htons(fold(sum_words(raw, 0)));
    append(out, ip);
  } else {
    ip6_hdr ip{};
    ip.ip6_vfc = 6U << 4U;
    ip.ip6_plen = htons(sizeof udp);
    ip.ip6_nxt = IPPROTO_UDP;
    ip.ip6_hlim = 64;
    ip.ip6_src = client.address.to_v6();
    ip.ip6_dst = destination.address.to_v6();
    append(out, ip);
  }
  append(out, udp);
}

std::uint8_t icmp_code(Family family, RawSender::Unreachable what) {
  const bool v4 = family == Family::v4;
  switch (what) {
    case RawSender::Unreachable::port:
      return v4 ? ICMP_PORT_UNREACH : ICMP6_DST_UNREACH_NOPORT;
    case RawSender::Unreachable::host:
      return v4 ? ICMP_HOST_UNREACH : ICMP6_DST_UNREACH_ADDR;
    case RawSender::Unreachable::by_no_route:  // 0 in both families
      static_assert(ICMP_NET_UNREACH == ICMP6_DST_UNREACH_NOROUTE);
      return ICMP_NET_UNREACH;
    case RawSender::Unreachable::by_no_host:
      return v4 ? ICMP_HOST_UNREACH : ICMP6_DST_UNREACH_NOROUTE;
    case RawSender::Unreachable::by_prohibition:
      break;
  }
  return v4 ? ICMP_PKT_FILTERED : ICMP6_DST_UNREACH_ADMIN;
}

bool is_from_destination(RawSender::Unreachable what) {
  return what == RawSender::Unreachable::port || what == RawSender::Unreachable::host;
}

}  // namespace

std::uint16_t udp_checksum(const Endpoint& source, const Endpoint& destination,
                           std::span<const std::uint8_t> datagram) {
  const std::size_t skip = source.address.is_v4() ? 12 : 0;
  std::uint32_t sum = sum_words(std::span(source.address.bytes()).subspan(skip), 0);
  sum = sum_words(std::span(destination.address.bytes()).subspan(skip), sum);
  sum += IPPROTO_UDP + static_cast<std::uint32_t>(datagram.size());
  const std::uint16_t result = fold(sum_words(datagram, sum));
  return result == 0 ? 0xffff : result;
}

// The raw sockets are bound, so that the kernel would not choose one for them.
Address RawSender::own_address_towards(const Endpoint& client) const {
  sockaddr_storage raw{};
  socklen_t length = client.to(raw);
  const Descriptor probe(
      calls_.socket(domain_of(client.family()), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!probe.valid() ||
      !set_option(probe.get(), SOL_SOCKET, SO_MARK, static_cast<int>(mark_), calls_) ||
      calls_.connect(probe.get(), reinterpret_cast<const sockaddr*>(&raw), length) != 0) {
    return Address::any(client.family());
  }
  length = sizeof raw;
  return calls_.getsockname(probe.get(), reinterpret_cast<sockaddr*>(&raw), &length) == 0
             ? Endpoint::from(raw).address
             : Address::any(client.family());
}

int RawSender::open(Family family, Kind kind, Descriptor& socket) const {
  const bool v4 = family == Family::v4;
  const int icmp = v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  const int protocol = kind == Kind::udp ? int{IPPROTO_UDP} : icmp;
  Descriptor opened(
      calls_.socket(domain_of(family), SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
  if (!opened.valid()) {
    return errno;
  }
  const int fd = opened.get();
  sock_filter nothing{BPF_RET | BPF_K, 0, 0, 0};
  const sock_fprog filter{1, &nothing};
  sockaddr_storage raw{};
  const Address own = v4 ? Address::v4(INADDR_LOOPBACK) : Address::v6(in6addr_loopback);
  const socklen_t length = Endpoint{own, 0}.to(raw);
  if (calls_.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0 ||
      calls_.bind(fd, reinterpret_cast<const sockaddr*>(&raw), length) != 0 ||
      !set_transparent(fd, family, calls_) ||
      !set_option(fd, SOL_SOCKET, SO_MARK, static_cast<int>(mark_), calls_)) {
    return errno;
  }
  // As those of the reply sockets, for the same reason.
  constexpr int send_buffer = 16 * 1024 * 1024;
  static_cast<void>(set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, send_buffer, calls_));
  socket = std::move(opened);
  return 0;
}

int RawSender::send(Family family, Kind kind, const Address& from, const Address& to,
                    std::span<const std::uint8_t> packet, std::uint8_t tos) {
  Sockets& sockets = family == Family::v4 ? v4_ : v6_;
  Descriptor& socket = kind == Kind::udp ? sockets.udp : sockets.icmp;
  if (!socket.valid()) {
    if (const int code = open(family, kind, socket); code != 0) {
      return code;
    }
  }
  sockaddr_storage name{};
  msghdr message{};
  message.msg_namelen = Endpoint{to, 0}.to(name);
  message.msg_name = &name;
  iovec vector{const_cast<std::uint8_t*>(packet.data()), packet.size()};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int))>
      control{};
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* source = CMSG_FIRSTHDR(&message);
  if (family == Family::v4) {
    in_pktinfo info{};
    info.ipi_spec_dst = from.to_v4();
    source->cmsg_level = SOL_IP;
    source->cmsg_type = IP_PKTINFO;
    source->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(source), &info, sizeof info);
    message.msg_controllen = CMSG_SPACE(sizeof info);
  } else {
    in6_pktinfo info{};
    info.ipi6_addr = from.to_v6();
    source->cmsg_level = SOL_IPV6;
    source->cmsg_type = IPV6_PKTINFO;
    source->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(source), &info, sizeof info);
    message.msg_controllen = CMSG_SPACE(sizeof info);
  }
  if (tos != 0) {
    const std::size_t used = message.msg_controllen;
    message.msg_controllen = used + CMSG_SPACE(sizeof(int));
    auto* marking = reinterpret_cast<cmsghdr*>(control.data() + used);
    marking->cmsg_level = family == Family::v4 ? int{SOL_IP} : int{SOL_IPV6};
    marking->cmsg_type = family == Family::v4 ? int{IP_TOS} : int{IPV6_TCLASS};
    marking->cmsg_len = CMSG_LEN(sizeof(int));
    const int value = tos;
    std::memcpy(CMSG_DATA(marking), &value, sizeof value);
  }
  return calls_.sendmsg(socket.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

int RawSender::send_udp(const Endpoint& source, const Endpoint& client,
                        std::span<const std::uint8_t> payload, std::uint8_t tos) {
  udphdr header{};
  header.source = htons(source.port);
  header.dest = htons(client.port);
  header.len = htons(static_cast<std::uint16_t>(sizeof header + payload.size()));
  packet_.clear();
  append(packet_, header);
  packet_.insert(packet_.end(), payload.begin(), payload.end());
  const std::uint16_t checksum = htons(udp_checksum(source, client, packet_));
  std::memcpy(packet_.data() + offsetof(udphdr, check), &checksum, sizeof checksum);
  return send(client.family(), Kind::udp, source.address, client.address, packet_, tos);
}

int RawSender::send_unreachable(const Endpoint& client, const Endpoint& destination,
                                Unreachable what) {
  const Family family = client.family();
  return send_icmp(is_from_destination(what) ? destination.address : own_address_towards(client),
                   client, destination,
                   family == Family::v4 ? ICMP_DEST_UNREACH : ICMP6_DST_UNREACH,
                   icmp_code(family, what), 0);
}

int RawSender::send_too_big(const Endpoint& client, const Endpoint& destination,
                            std::uint32_t mtu) {
  return client.address.is_v4()
             ? send_icmp(destination.address, client, destination, ICMP_DEST_UNREACH,
                         ICMP_FRAG_NEEDED, mtu)
             : send_icmp(destination.address, client, destination, ICMP6_PACKET_TOO_BIG, 0, mtu);
}

// `mtu`: what the error says besides, 0: nothing.
int RawSender::send_icmp(const Address& from, const Endpoint& client, const Endpoint& destination,
                         std::uint8_t type, std::uint8_t code, std::uint32_t mtu) {
  packet_.clear();
  if (client.address.is_v4()) {
    icmphdr header{};
    header.type = type;
    header.code = code;
    header.un.frag.mtu = htons(static_cast<std::uint16_t>(mtu));
    append(packet_, header);
    append_quoted(packet_, client, destination);
    const std::uint16_t checksum = htons(fold(sum_words(packet_, 0)));
    std::memcpy(packet_.data() + offsetof(icmphdr, checksum), &checksum, sizeof checksum);
  } else {
    icmp6_hdr header{};  // the kernel fills in its checksum
    header.icmp6_type = type;
    header.icmp6_code = code;
    header.icmp6_mtu = htonl(mtu);
    append(packet_, header);
    append_quoted(packet_, client, destination);
  }
  return send(client.family(), Kind::icmp, from, client.address, packet_);
}

}  // namespace weir
