// Rules whose bypass acts as transparent.
#include "cli/bypass_warnings.h"

#include "cli/said_by_check.h"

namespace weir {
namespace {

SaidLines said(const std::string& text) { return said_by(bypass_warnings, text); }

TEST_CASE("a bypass that the gateway decides acts as transparent, and says why") {
  const auto with = [](const std::string& use) {
    return said("[rule r]\non = tcp/80\nhost = .example.org\nuse = " + use + "\n");
  };
  CHECK(with("bypass") ==
        SaidLines{
            "4: [rule r]: bypass acts as transparent where the client has not looked the address "
            "up through weir, and with iptables: the gateway decides it, for packets do not "
            "show 'host'"});
  CHECK(with("reject").empty());
  CHECK(with("drop").empty());
  CHECK(with("direct").empty());
  CHECK(said("[firewall]\nmax-set = 0\n[rule r]\non = tcp/80\nclient = 192.0.2.1\n"
             "use = bypass\n") ==
        SaidLines{"6: [rule r]: bypass acts as transparent: the gateway decides it, "
                  "for its list has 1 prefix, more than firewall.max-set = 0"});
}

TEST_CASE("a bypass acts as transparent where no packet shows what its list of clients asks") {
  const auto with = [](const std::string& clients) {
    return said("[rule r]\non = tcp/80\nclient = " + clients + "\nuse = bypass\n");
  };
  const std::string begins =
      "4: [rule r]: bypass acts as transparent: the gateway decides it, for ";
  CHECK(with("!mac:02:00:5e:10:00:01") ==
        SaidLines{begins + "packets do not show '!mac:02:00:5e:10:00:01'"});
  CHECK(with("192.0.2.0/24, !name:tv") == SaidLines{begins + "packets do not show '!name:tv'"});
  CHECK(with("192.0.2.0/24, mac:02:00:5e:10:00:01") ==
        SaidLines{begins + "'client' wants mac:02:00:5e:10:00:01 beside other things: a rule "
                           "for each would be the firewall's"});
  for (const char* shown : {"mac:02:00:5e:10:00:01, name:tv", "192.0.2.0/24, !192.0.2.7",
                            "!lan:guest", "lan:lan, 192.0.2.0/24", "name:tv"}) {
    INFO(shown);
    CHECK(with(shown).empty());
  }
  CHECK(said("[rule r]\non = tcp/80\nclient = !mac:02:00:5e:10:00:01\nuse = direct\n"
             "[rule rest]\non = tcp/80\nuse = bypass\n") ==
        SaidLines{"7: [rule rest]: bypass acts as transparent on tcp/80: the gateway "
                  "has to ask [rule r] first"});
}

TEST_CASE("a bypass after a host rule on the same port acts as transparent there") {
  const auto after = [](const std::string& host_rule, const std::string& bypass_rule) {
    return said("[rule office]\non = tcp/80\nhost = .example.org\nuse = direct\n" + host_rule +
                "[rule rest]\nuse = bypass\n" + bypass_rule);
  };
  const std::string why =
      ": [rule rest]: bypass acts as transparent on tcp/80: the gateway has to "
      "ask [rule office] first";
  CHECK(after("", "on = tcp/1-1000\n") == SaidLines{"6" + why});
  CHECK(after("", "on = tcp/443, udp/80\n").empty());
  const std::string some = "client = 192.0.2.0/24\ninterface = eth0\n";
  CHECK(after(some, "on = tcp/80\nclient = 192.0.2.7\n") == SaidLines{"8" + why});
  CHECK(after(some, "on = tcp/80\nclient = 198.51.100.7\n").empty());
  CHECK(after(some, "on = tcp/80\ninterface = eth1\n").empty());
}

}  // namespace
}  // namespace weir
