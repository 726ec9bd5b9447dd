// Does interception work on this kernel? The only honest way to know is to do it: in a throwaway
// network with a client, a cable and a router, with rules as weir installs them, one connection and
// one datagram in each family.
//
//     client  192.0.2.2 ── cable ── 192.0.2.1  router: rules, listener      → 198.51.100.7:7
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

#include "base/descriptor.h"
#include "base/transparent.h"
#include "doctor/checks.h"
#include "doctor/sandbox.h"
#include "firewall/install.h"
#include "firewall/policy_routes.h"
#include "firewall/program.h"
#include "rules/conditions/table.h"

namespace weir::doctor {

namespace {

constexpr Port echo = 7;
constexpr int timeout_ms = 2000;

constexpr const char* cable = R"(link set eth0 up
addr add 192.0.2.2/24 dev eth0
route add default via 192.0.2.1
)";
constexpr const char* cable_v6 = R"(addr add fd00:192::2/64 dev eth0 nodad
route add ::/0 via fd00:192::1
)";

Endpoint destination(Family family) {
  return {Address::parse(family == Family::v4 ? "198.51.100.7" : "fd00:198::7").value(), echo};
}

// The two ends of the cable, as places to be.
class Networks {
 public:
  // The present network becomes the router. False when the kernel has no cable (veth).
  [[nodiscard]] bool make(bool v6) {
    router_.reset(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    if (unshare(CLONE_NEWNET) != 0) {
      return false;
    }
    client_.reset(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    enter(router_);
    const std::string other =
        "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(client_.get());
    std::string router = "link add lan type veth peer name eth0 netns " + other +
                         "\nlink set lan up\naddr add 192.0.2.1/24 dev lan\n";
    std::string client = cable;
    if (v6) {
      router += "addr add fd00:192::1/64 dev lan nodad\n";
      client += cable_v6;
    }
    if (!batch(router)) {
      return false;
    }
    // What is inherited from the machine is examined elsewhere.
    for (const char* name : {"all/rp_filter", "lan/rp_filter", "all/src_valid_mark"}) {
      std::ofstream(std::string("/proc/sys/net/ipv4/conf/") + name) << 0;
    }
    std::ofstream("/proc/sys/net/ipv4/tcp_fwmark_accept") << 0;
    enter(client_);
    const bool made = batch(client);
    enter(router_);
    return made;
  }
  // A socket in the client's network.
  [[nodiscard]] Descriptor client_socket(Family family, int type) const {
    enter(client_);
    Descriptor socket(::socket(domain_of(family), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    enter(router_);
    return socket;
  }

 private:
  static void enter(const Descriptor& network) { (void)setns(network.get(), CLONE_NEWNET); }
  static bool batch(const std::string& lines) {
    const auto ended = firewall::run_program({"ip", "-batch", "-"}, lines);
    return ended && ended.value().status == 0;
  }
  Descriptor router_;
  Descriptor client_;
};

Descriptor listener(Family family, int type, Port port) {
  Descriptor socket(::socket(domain_of(family), type | SOCK_CLOEXEC, 0));
  (void)set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (family == Family::v6) {
    (void)set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  }
  sockaddr_storage raw{};
  const socklen_t length = Endpoint{Address::any(family), port}.to(raw);
  if (!set_transparent(socket.get(), family) ||
      bind(socket.get(), reinterpret_cast<const sockaddr*>(&raw), length) != 0 ||
      (type == SOCK_STREAM && listen(socket.get(), 1) != 0)) {
    socket.reset();
  }
  return socket;
}

// What is wrong with one protocol of one family; none: it works.
std::optional<std::string> trouble(const Networks& networks, Family family, int type, Port port) {
  const Descriptor ear = listener(family, type, port);
  if (!ear.valid()) {
    return std::string("no transparent socket: ") + strerror(errno);
  }
  const Descriptor client = networks.client_socket(family, type);
  sockaddr_storage raw{};
  const socklen_t length = destination(family).to(raw);
  (void)connect(client.get(), reinterpret_cast<const sockaddr*>(&raw), length);
  if (type == SOCK_DGRAM && send(client.get(), "?", 1, 0) != 1) {
    return std::string("cannot send: ") + strerror(errno);
  }
  pollfd wait{.fd = ear.get(), .events = POLLIN, .revents = 0};
  if (poll(&wait, 1, timeout_ms) != 1) {
    return "was not intercepted";
  }
  if (type == SOCK_DGRAM) {
    return std::nullopt;
  }
  const Descriptor accepted(accept4(ear.get(), nullptr, nullptr, SOCK_CLOEXEC));
  socklen_t size = sizeof(raw);
  if (!accepted.valid() ||
      getsockname(accepted.get(), reinterpret_cast<sockaddr*>(&raw), &size) != 0 ||
      Endpoint::from(raw) != destination(family)) {
    return "arrived without its destination";
  }
  return std::nullopt;
}

// Lines of trouble; none: all works.
std::string try_all(const Subject& subject) {
  const auto families = firewall::routed_families();
  Networks networks;
  if (!networks.make(families.size() > 1)) {
    return "the kernel has no veth interfaces to test with\n";
  }
  Configuration tried;
  tried.file = "the test";
  tried.gateway = subject.configuration.gateway;
  tried.firewall = subject.configuration.firewall;
  tried.firewall.inbound = Inbound::everywhere;
  tried.firewall.interfaces.clear();
  tried.firewall.towards.clear();
  tried.firewall.exclude.clear();
  RuleSettings rule;
  rule.name = "test";
  rule.set({on_condition,
            std::vector<PortRange>{{Protocol::tcp, echo, echo}, {Protocol::udp, echo, echo}}});
  tried.rules.push_back(rule);
  const std::array handlings{Upstream::Handling{}};
  const auto ruleset = firewall::make_ruleset(tried, handlings, {});
  if (const auto applied = firewall::apply(ruleset, subject.backend); !applied) {
    return applied.error().text() + "\n";
  }
  std::string lines;
  for (const Family family : families) {
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
      if (const auto what = trouble(networks, family, type, tried.gateway.port)) {
        lines += std::string(firewall::name_of(family)) +
                 (type == SOCK_STREAM ? " TCP " : " UDP ") + *what + "\n";
      }
    }
  }
  return lines;
}

}  // namespace

Findings examine_kernel_tproxy(const Subject& subject) {
  const auto said = in_new_network([&]() { return try_all(subject); });
  if (!said) {
    return {{"kernel-tproxy", Level::warn, "cannot be tried: " + said.error().text(),
             "sudo weir doctor"}};
  }
  if (said.value().empty()) {
    return {{"kernel-tproxy", Level::ok,
             "intercepts TCP and UDP, in a network made for the test, with " +
                 std::string(name_of(subject.backend)),
             ""}};
  }
  std::string lines = said.value();
  lines.pop_back();
  for (std::size_t at = 0; (at = lines.find('\n', at)) != std::string::npos;) {
    lines.replace(at, 1, "; ");
  }
  return {{"kernel-tproxy", Level::fail, "interception does not work on this kernel: " + lines,
           subject.backend == firewall::Backend::nft
               ? "apt install nftables iproute2; modprobe -a nft_tproxy nft_socket"
               : "apt install iptables iproute2; modprobe -a xt_TPROXY xt_socket"}};
}

}  // namespace weir::doctor
