// What a plan says of a packet, the kernel does: 300 packets under arbitrary rulesets, written into
// a namespace of this process's own, for each tool. As root; lab/firewall_meaning runs it.
//
// Three tun devices stand for two clients' networks and the uplink. To write a packet into one is
// to have the kernel receive it; what comes of that can be read when write() returns.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "arbitrary.h"
#include "base/descriptor.h"
#include "catch.h"
#include "firewall/evaluate.h"
#include "firewall/install.h"
#include "firewall/program.h"
#include "packets.h"

namespace weir::firewall {

namespace {

using Bytes = std::vector<std::uint8_t>;

void run(const std::string& script) {
  const auto ended = run_program({"sh", "-c", script}, "");
  REQUIRE(ended);
  INFO(ended.value().errors);
  REQUIRE(ended.value().status == 0);
}

Descriptor tun(const std::string& name) {
  Descriptor device(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  REQUIRE(device.valid());
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  REQUIRE(ioctl(device.get(), TUNSETIFF, &request) == 0);
  return device;
}

Descriptor listener(int type, Port port) {
  Descriptor socket(::socket(AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  const int off = 0;
  REQUIRE(setsockopt(socket.get(), SOL_IP, IP_TRANSPARENT, &on, sizeof on) == 0);
  REQUIRE(setsockopt(socket.get(), SOL_IPV6, IPV6_TRANSPARENT, &on, sizeof on) == 0);
  REQUIRE(setsockopt(socket.get(), SOL_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0);
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  any.sin6_port = htons(port);
  REQUIRE(bind(socket.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0);
  if (type == SOCK_STREAM) REQUIRE(listen(socket.get(), 1'000) == 0);
  return socket;
}

// RFC 1071.
std::uint16_t checksum(const Bytes& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    sum += static_cast<std::uint32_t>(bytes[i] << 8) + (i + 1 < bytes.size() ? bytes[i + 1] : 0);
  }
  while (sum > 0xffff) sum = (sum >> 16) + (sum & 0xffff);
  return htons(static_cast<std::uint16_t>(~sum));
}

template <typename Header>
void append(Bytes& bytes, const Header& header) {
  const auto* from = reinterpret_cast<const std::uint8_t*>(&header);
  bytes.insert(bytes.end(), from, from + sizeof header);
}

void append_address(Bytes& bytes, const Address& address) {
  if (address.is_v4()) {
    append(bytes, address.to_v4());
  } else {
    append(bytes, address.to_v6());
  }
}

// A SYN, or a datagram of four bytes.
Bytes bytes_of(const Packet& packet) {
  const bool is_tcp = packet.protocol == Layer4::tcp;
  Bytes payload;
  if (is_tcp) {
    tcphdr tcp{};
    tcp.source = htons(packet.source.port);
    tcp.dest = htons(packet.destination.port);
    tcp.seq = htonl(1'000);
    tcp.doff = 5;
    tcp.syn = 1;
    tcp.window = htons(60'000);
    append(payload, tcp);
  } else {
    udphdr udp{};
    udp.source = htons(packet.source.port);
    udp.dest = htons(packet.destination.port);
    udp.len = htons(sizeof udp + 4);
    append(payload, udp);
    payload.insert(payload.end(), {'w', 'e', 'i', 'r'});
  }
  const auto protocol = static_cast<std::uint8_t>(is_tcp ? IPPROTO_TCP : IPPROTO_UDP);
  Bytes pseudo;
  append_address(pseudo, packet.source.address);
  append_address(pseudo, packet.destination.address);
  pseudo.insert(pseudo.end(), {0, protocol, 0, static_cast<std::uint8_t>(payload.size())});
  pseudo.insert(pseudo.end(), payload.begin(), payload.end());
  const std::uint16_t sum = checksum(pseudo);
  std::memcpy(payload.data() + (is_tcp ? 16 : 6), &sum, sizeof sum);

  Bytes all;
  if (packet.destination.address.is_v4()) {
    iphdr ip{};
    ip.version = 4;
    ip.ihl = 5;
    ip.ttl = 64;
    ip.protocol = protocol;
    ip.tot_len = htons(static_cast<std::uint16_t>(sizeof ip + payload.size()));
    ip.saddr = packet.source.address.to_v4().s_addr;
    ip.daddr = packet.destination.address.to_v4().s_addr;
    Bytes header;
    append(header, ip);
    ip.check = checksum(header);
    append(all, ip);
  } else {
    ip6_hdr ip{};
    ip.ip6_flow = htonl(6U << 28);
    ip.ip6_nxt = protocol;
    ip.ip6_hlim = 64;
    ip.ip6_plen = htons(static_cast<std::uint16_t>(payload.size()));
    ip.ip6_src = packet.source.address.to_v6();
    ip.ip6_dst = packet.destination.address.to_v6();
    append(all, ip);
  }
  all.insert(all.end(), payload.begin(), payload.end());
  return all;
}

// What came out of a device, as far as it is about the packet that was written.
enum class Seen : std::uint8_t { nothing, itself, reset, handshake, unreachable };

Seen observe(const Bytes& read, const Bytes& written, Port client) {
  const bool v4 = (read[0] >> 4) == 4;
  const std::size_t header = v4 ? sizeof(iphdr) : sizeof(ip6_hdr);
  const std::uint8_t protocol = read[v4 ? 9 : 6];
  if (read.size() < header + 8) return Seen::nothing;
  const auto port_at = [&](std::size_t at) {
    return static_cast<Port>(read[header + at] << 8 | read[header + at + 1]);
  };
  if (protocol == IPPROTO_ICMP) return read[header] == 3 ? Seen::unreachable : Seen::nothing;
  if (protocol == IPPROTO_ICMPV6) return read[header] == 1 ? Seen::unreachable : Seen::nothing;
  // Forwarding takes one from the hop limit, and corrects the header's checksum.
  if (port_at(0) == client && std::equal(read.begin() + static_cast<long>(header), read.end(),
                                         written.begin() + static_cast<long>(header))) {
    return Seen::itself;
  }
  if (protocol == IPPROTO_TCP && port_at(2) == client) {
    return (read[header + 13] & TH_RST) != 0 ? Seen::reset : Seen::handshake;
  }
  return Seen::nothing;
}

class Router {
 public:
  explicit Router(Port port) {
    REQUIRE(unshare(CLONE_NEWNET) == 0);
    for (const char* name : {"lan", "guest1", "wan"}) devices_.emplace(name, tun(name));
    run("ip link set lo up\n"
        "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1\n"
        "sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv4.icmp_msgs_per_sec=100000\n"
        "sysctl -qw net.ipv6.icmp.ratelimit=0\n"
        "for i in all default lan guest1 wan; do\n"
        "  sysctl -qw net.ipv4.conf.$i.rp_filter=0 net.ipv4.conf.$i.send_redirects=0\n"
        "done\n"
        "for i in lan guest1 wan; do ip link set $i up; done\n"
        "ip address add 192.0.2.1/24 dev lan\n"
        "ip address add fd00:1::1/64 dev lan nodad\n"
        "ip route add default dev wan\n"
        "ip -6 route add default dev wan\n");
    tcp_ = listener(SOCK_STREAM, port);
    udp_ = listener(SOCK_DGRAM, port);
  }

  Outcome::End send(const Packet& packet) {
    const Bytes bytes = bytes_of(packet);
    drain(bytes, packet.source.port);
    const int device = devices_.at(packet.in).get();
    REQUIRE(write(device, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    return drain(bytes, packet.source.port);
  }

 private:
  Outcome::End drain(const Bytes& written, Port client) {
    Outcome::End end = Outcome::End::dropped;
    std::array<std::uint8_t, 2'048> buffer{};
    for (const auto& [name, device] : devices_) {
      ssize_t n = 0;
      while ((n = read(device.get(), buffer.data(), buffer.size())) > 0) {
        const Bytes bytes(buffer.begin(), buffer.begin() + n);
        switch (observe(bytes, written, client)) {
          case Seen::itself:
            end = Outcome::End::passes;
            break;
          case Seen::handshake:
            end = Outcome::End::to_listener;
            break;
          case Seen::reset:
          case Seen::unreachable:
            end = Outcome::End::refused;
            break;
          case Seen::nothing:
            break;
        }
      }
    }
    while (recv(udp_.get(), buffer.data(), buffer.size(), 0) > 0) end = Outcome::End::to_listener;
    return end;
  }

  std::map<std::string, Descriptor> devices_;
  Descriptor tcp_;
  Descriptor udp_;
};

void compare_with_kernel(Backend backend, std::uint32_t seed) {
  constexpr int rulesets = 15;
  constexpr int packets_each = 20;
  INFO("seed " << seed);
  Arbitrary arbitrary(seed);
  Router router(Ruleset{make_ruleset({}, {}, {})}.port);
  std::map<Outcome::End, int> ends;
  Port client = 20'000;
  for (int i = 0; i < rulesets; ++i) {
    Ruleset ruleset = arbitrary.configured().ruleset;
    ruleset.local = false;
    ruleset.exclude_users.clear();
    ruleset.exclude_cgroups.clear();
    ruleset.towards.clear();
    ruleset.by_routes = {};
    ruleset.long_lists = Ruleset::LongLists::are_rules;
    const auto applied = apply(ruleset, backend);
    INFO("ruleset " << i << ": " << (applied ? "" : applied.error().text()));
    REQUIRE(applied);
    const Plan plan = make_plan(ruleset);
    for (int j = 0; j < packets_each; ++j) {
      Packet packet;
      do {  // what has one address twice is no packet
        packet = arbitrary_opening(arbitrary);
      } while (packet.source.address == packet.destination.address);
      packet.source.port = client++;
      const Outcome::End said = evaluate(plan, packet).end;
      const Outcome::End done = router.send(packet);
      ++ends[done];
      INFO("packet " << j << ": " << text_of(packet));
      CHECK(std::string(name_of(done)) == std::string(name_of(said)));
    }
  }
  for (const auto end : {Outcome::End::passes, Outcome::End::to_listener, Outcome::End::refused,
                         Outcome::End::dropped}) {
    INFO(name_of(end));
    CHECK(ends[end] > 3);
  }
}

}  // namespace

// Hidden: they take this process's network away.
TEST_CASE("the kernel does what a plan says (nft)", "[.kernel]") {
  compare_with_kernel(Backend::nft, 4711);
}

TEST_CASE("the kernel does what a plan says (iptables)", "[.kernel]") {
  compare_with_kernel(Backend::iptables, 4712);
}

}  // namespace weir::firewall
