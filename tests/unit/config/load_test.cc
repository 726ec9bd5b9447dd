// A configuration that is right becomes the values it says.
#include <utility>

#include "base/configuration_changes.h"
#include "catch.h"
#include "config/made_up_files.h"

namespace weir {
namespace {

Configuration good(const std::string& text) {
  auto loaded = load_text(text);
  REQUIRE(loaded.configuration);
  return std::move(*loaded.configuration);
}

TEST_CASE("every section arrives as values") {
  const auto loaded = load_text(R"([gateway]
port = 4000
default = pool
workers = 3
busy-poll = 50
user = nobody
[firewall]
mark = 0x100/0xf00
table = 7
bypass-mark = 0x1000/0x1000
interfaces = eth0, eth1
exclude = 10.0.0.0/8, fd00::/8
exclude = 192.0.2.1
local = yes
local-services = yes
on-failure = closed
[upstream pool]
type = forward
server = a=192.0.2.60:80 weight=2
server = b=[2001:db8::1]:80
mark = 0x1/0xf
[limits]
max-flows = 1000
max-flows-per-client = 10
buffer = 1MiB
[timeouts]
connect = 250ms
tcp-idle = 1h
half-closed = 2m
keepalive = 30s
udp-idle = 1m30s
dns-idle = 5s
drain = 0s
[dns]
servers = 192.0.2.53, 192.0.2.54:5353, 2001:db8::53, [2001:db8::54]:5353
min-ttl = 2s
max-ttl = 1d
[log]
level = debug
format = json
target = file:/var/log/weir.log
flows = errors
[admin]
socket = /run/w.sock
http = [2001:db8::1]:9080
)");
  CHECK(loaded.diagnostics.empty());
  REQUIRE(loaded.configuration);
  const Configuration& c = *loaded.configuration;
  CHECK(c.gateway.port == 4000);
  CHECK(c.gateway.default_use == "pool");
  CHECK(c.gateway.default_location == SourceLocation{"weir.ini", 3});
  CHECK(c.gateway.workers == 3);
  CHECK(c.gateway.busy_poll == std::chrono::microseconds(50));
  CHECK(c.firewall.mark == Mark{0x100, 0xf00});
  CHECK(c.firewall.table == 7);
  CHECK(c.firewall.bypass_mark == Mark{0x1000, 0x1000});
  CHECK(c.firewall.interfaces == std::vector<std::string>{"eth0", "eth1"});
  CHECK(c.firewall.exclude.size() == 3);
  CHECK(c.firewall.local);
  CHECK(c.firewall.local_services);
  CHECK(c.firewall.on_failure == OnFailure::closed);
  REQUIRE(c.upstreams.size() == 1);
  CHECK(c.upstreams[0].name() == "pool");
  CHECK(c.upstreams[0].all("server").size() == 2);
  CHECK(c.upstreams[0].text("source") == "gateway");
  CHECK(c.upstreams[0].mark("mark") == Mark{0x1, 0xf});
  CHECK(c.limits.max_flows == 1000);
  CHECK(c.limits.max_flows_per_client == 10);
  CHECK(c.limits.buffer == 1024 * 1024);
  CHECK(c.timeouts.connect == Milliseconds(250));
  CHECK(c.timeouts.keepalive == Milliseconds(30'000));
  CHECK(c.timeouts.udp_idle == Milliseconds(90'000));
  CHECK(c.timeouts.drain == Milliseconds(0));
  REQUIRE(c.dns.servers.size() == 4);
  CHECK(c.dns.servers[0].text() == "192.0.2.53:53");
  CHECK(c.dns.servers[2].text() == "[2001:db8::53]:53");
  CHECK(c.dns.servers[3].text() == "[2001:db8::54]:5353");
  CHECK(c.dns.max_ttl == std::chrono::hours(24));
  CHECK(c.log.level == LogLevel::debug);
  CHECK(c.log.format == LogFormat::json);
  CHECK(c.log.target == LogTarget::file);
  CHECK(c.log.path == "/var/log/weir.log");
  CHECK(c.log.flows == LogFlows::errors);
  CHECK(c.admin.socket == "/run/w.sock");
  REQUIRE(c.admin.http);
  CHECK(c.admin.http->text() == "[2001:db8::1]:9080");
  CHECK(c.gateway.user == "nobody");
}

TEST_CASE("a rule arrives with all its conditions") {
  const auto loaded = load_text(R"([rule r]
on = tcp/80, tcp/8000-8100
on = any/0x35, udp/*
client = 192.0.2.0/24, !192.0.2.7
client = 2001:db8::/32
destination = !10.0.0.0/8
interface = eth1, wlan0
use = transparent
max-flows = 100
max-flows-per-client = 5
log = none
)");
  REQUIRE(loaded.configuration);
  const RuleSettings& rule = loaded.configuration->rules.at(0);
  CHECK(rule.name == "r");
  CHECK(rule.location == SourceLocation{"weir.ini", 1});
  CHECK(rule.on() == std::vector<PortRange>{{Protocol::tcp, 80, 80},
                                            {Protocol::tcp, 8000, 8100},
                                            {Protocol::tcp, 53, 53},
                                            {Protocol::udp, 53, 53},
                                            {Protocol::udp, 1, 65535}});
  CHECK(rule.client().include.size() == 2);
  CHECK(rule.client().exclude.size() == 1);
  CHECK(rule.destination().include.empty());
  CHECK(rule.destination().exclude.at(0).text() == "10.0.0.0/8");
  CHECK(rule.interfaces() == std::vector<std::string>{"eth1", "wlan0"});
  CHECK(rule.use == "transparent");
  CHECK(rule.use_location == SourceLocation{"weir.ini", 8});
  CHECK(rule.max_flows == 100U);
  CHECK(rule.max_flows_per_client == 5U);
  CHECK(rule.log == LogFlows::none);
}

TEST_CASE("65,535 rules load, and in file order") {
  std::string text;
  for (int port = 1; port <= 65535; ++port) {
    text += "[rule r" + std::to_string(port) + "]\non = tcp/" + std::to_string(port) +
            "\nuse = direct\n";
  }
  const auto loaded = load_text(text);
  REQUIRE(loaded.configuration);
  REQUIRE(loaded.configuration->rules.size() == 65535);
  CHECK(loaded.configuration->rules.back().name == "r65535");
}

TEST_CASE("a configuration with errors still says where its gateway listens for commands") {
  const auto socket_in = [](const std::string& text) {
    return control_socket_in(
        "weir.ini",
        MadeUpFiles({{"weir.ini", text}, {"more.ini", "[admin]\nsocket = /run/more\n"}}));
  };
  CHECK(socket_in("[admin]\nsocket = /run/here.sock\n[gateway]\nport = 0\n").value() ==
        "/run/here.sock");
  CHECK(socket_in("[gateway]\nport = 0\n").value() == AdminSettings{}.socket);
  CHECK(socket_in("[gateway]\ninclude = more.ini\n").value() == "/run/more");
  const auto none = control_socket_in("weir.ini", MadeUpFiles({}));
  REQUIRE_FALSE(none);
  CHECK(none.error().text() == "weir.ini cannot be read: there is no such file");
}

TEST_CASE("where the gateway listens for commands is read without the lists that are named") {
  class Counted final : public Files {
   public:
    explicit Counted(const Files& files) : files_(files) {}
    Result<std::string> read(const std::string& path) const override {
      read_.push_back(path);
      return files_.read(path);
    }
    std::optional<std::uint32_t> user(const std::string& name) const override {
      return files_.user(name);
    }
    Result<std::vector<std::string>> matching(const std::string& pattern) const override {
      return files_.matching(pattern);
    }
    mutable std::vector<std::string> read_;

   private:
    const Files& files_;
  };
  const MadeUpFiles files({{"weir.ini",
                            "[rule r]\ndestination = @long.list\nuse = direct\n"
                            "[admin]\nsocket = /run/here.sock\n"},
                           {"long.list", "192.0.2.0/24\n"}});
  const Counted counted(files);
  CHECK(control_socket_in("weir.ini", counted).value() == "/run/here.sock");
  CHECK(counted.read_ == std::vector<std::string>{"weir.ini"});
}

TEST_CASE("with an error there is no configuration, with a warning there is") {
  CHECK_FALSE(load_text("[gateway]\nport = 0\n").configuration);
  const auto warned = load_text("[upstream a]\ntype = direct\n");
  CHECK(warned.configuration);
  CHECK(warned.diagnostics.size() == 1);
}

TEST_CASE("a reload's report names every setting that changed, and none that did not") {
  const std::string before =
      "[gateway]\ndefault = direct\n"
      "[rule web]\non = tcp/80\nuse = office\n"
      "[upstream office]\ntype = socks5\nserver = 192.0.2.1\nusername = router\npassword = a\n"
      "[upstream old]\ntype = direct\n";
  const std::string after =
      "[gateway]\nbusy-poll = 50\n"
      "[firewall]\ninterfaces = lan\nexclude = 192.0.2.0/24\n"
      "[rule web]\non = tcp/80\nuse = office\n"
      "[upstream office]\ntype = socks5\nserver = 192.0.2.2\nusername = router\npassword = b\n"
      "source = 192.0.2.9\n"
      "[upstream new]\ntype = direct\n"
      "[limits]\nbuffer = 128KiB\n[timeouts]\nudp-idle = 1m\n[dns]\nmax-ttl = 5m\n"
      "[log]\nlevel = debug\ntarget = file:/tmp/weir.log\n[admin]\nhttp = 127.0.0.1:9080\n";
  const auto one = good(before);
  const auto two = good(after);
  CHECK(settings_changed(one, two) ==
        std::vector<std::string>{"gateway.default", "gateway.busy-poll", "firewall.interfaces",
                                 "firewall.exclude", "limits.buffer", "timeouts.udp-idle",
                                 "dns.max-ttl", "log.level", "log.target", "admin.http",
                                 "[upstream office] password", "[upstream office] source",
                                 "[upstream old] removed", "[upstream new] added"});
  CHECK(settings_changed(one, good("; moved by a line\n" + before)).empty());
}

}  // namespace
}  // namespace weir
