// Files that people write who are used to other programs: one mistake, one sentence, with what to
// write instead where that is plain.
#include <map>

#include "config/bad_file.h"

namespace weir {
namespace {

constexpr const char* rule = "[rule r]\non = tcp/80\nuse = direct\n";

std::string pool(const std::string& server) {
  return "[upstream p]\ntype = forward\nserver = " + server + "\n[rule r]\non = tcp/80\nuse = p\n";
}

std::string rule_with(const std::string& lines) {
  return "[rule r]\n" + lines + "\nuse = direct\n";
}

TEST_CASE("servers as newcomers write them") {
  const std::string words = " (known: weight=N, backup, max-flows=N, source=...)";
  const std::map<std::string, std::string> said{
      {"2001:db8:1:2:3:4:5:6:80",
       "an IPv6 address with a port has brackets: write [2001:db8:1:2:3:4:5:6]:80"},
      {"192.0.2.1:80 wieght=2",
       "unknown word 'wieght=2' after the server, did you mean 'weight'?" + words},
      {"192.0.2.1:80 back-up",
       "unknown word 'back-up' after the server, did you mean 'backup'?" + words},
      {"192.0.2.1:80 maxflows=3",
       "unknown word 'maxflows=3' after the server, did you mean 'max-flows'?" + words},
      {"http://192.0.2.1:80",
       "'http://192.0.2.1:80': a server is HOST or HOST:PORT, without '://'"},
      {"joe:secret@192.0.2.1:80",
       "'joe:secret@192.0.2.1:80': username and password are keys of their own, not part of the "
       "server"},
  };
  for (const auto& [server, text] : said) {
    INFO(server);
    CHECK(findings_of(pool(server)) == std::vector<std::string>{"weir.ini:3: error: " + text});
  }
}

TEST_CASE("an empty item of a list hides no other mistake") {
  check_each({
      {"a comma at the end",
       "[rule r]\non = tcp/80,\nclient = 300.1.1.1\nuse = direct\n",
       {"weir.ini:2: error: 'on': the list has an empty item",
        "weir.ini:3: error: 'client': '300.1.1.1' is neither an address nor a prefix "
        "(ADDRESS/LENGTH)"}},
      {"two commas before another mistake",
       "[rule r]\non = tcp/80,,udp/0\nuse = direct\n",
       {"weir.ini:2: error: 'on': the list has an empty item",
        "weir.ini:2: error: 'udp/0' is no port or range of ports (1 to 65535, like 80, 8000-8100 "
        "or *)"}},
      {"nothing but a comma",
       "[rule r]\non = ,\nuse = direct\n",
       {"weir.ini:2: error: 'on': the list has an empty item"}},
  });
}

TEST_CASE("an unknown type hides no other mistake") {
  const std::string types = " (one of direct, forward, socks5, http-connect, group, reject, drop)";
  check_each({
      {"a slip",
       "[upstream p]\ntype = forwrd\nserver = 192.0.2.1:80 wieght=2\nretries = x\nbalnce = "
       "round-robin\n[rule r]\non = tcp/80\nuse = p\n",
       {"weir.ini:2: error: unknown type 'forwrd', did you mean 'forward'?" + types,
        "weir.ini:3: error: unknown word 'wieght=2' after the server, did you mean 'weight'? "
        "(known: weight=N, backup, max-flows=N, source=...)",
        "weir.ini:4: error: 'retries': 'x' is not a number (decimal or 0x)",
        "weir.ini:5: error: unknown key 'balnce' in [upstream p], did you mean 'balance'?"}},
  });
}

TEST_CASE("a line that cannot be read, or a key that is misspelt, is not missed as well") {
  using namespace std::string_literals;
  check_each({
      {"NUL",
       "[rule r]\non = tc\0p/80\nuse = direct\n"s,
       {"weir.ini:2: error: the line has a NUL byte in it"}},
      {"key: value",
       "[rule r]\non: tcp/80\nuse = direct\n",
       {"weir.ini:2: error: 'key: value' is not supported, write 'key = value'"}},
      {"capital letters",
       "[rule r]\nOn = tcp/80\nUse = direct\n",
       {"weir.ini:2: error: unknown key 'On' in [rule r], did you mean 'on'?",
        "weir.ini:3: error: unknown key 'Use' in [rule r], did you mean 'use'?"}},
      {"plural",
       "[upstream p]\ntype = forward\nservers = 192.0.2.1\n[rule r]\non = tcp/80\nuse = p\n",
       {"weir.ini:3: error: unknown key 'servers' in [upstream p], did you mean 'server'?"}},
  });
}

TEST_CASE("a comment that is none is said to be that") {
  const std::string how = "a comment after a value begins with ' ;'";
  check_each({
      {"no blank",
       "[gateway]\nport = 50080;the port\n",
       {"weir.ini:2: error: 'port': '50080;the port' is not a number (decimal or 0x); " + how}},
      {"a hash in a list", rule_with("on = tcp/80 # web"), {"weir.ini:2: error: 'on': " + how}},
      {"a hash behind a name",
       "[rule r]\non = tcp/80\nuse = direct # on\n",
       {"weir.ini:3: error: unknown upstream 'direct # on'; " + how}},
  });
}

TEST_CASE("a mark without a mask is its own mask") {
  const auto loaded =
      load_text(std::string("[firewall]\nmark = 0x100\nbypass-mark = 512\n") + rule);
  REQUIRE(loaded.configuration);
  CHECK(loaded.configuration->firewall.mark == Mark{0x100, 0x100});
  CHECK(loaded.configuration->firewall.bypass_mark == Mark{0x200, 0x200});
  CHECK(findings_of(std::string("[firewall]\nmark = 0\n") + rule) ==
        std::vector<std::string>{"weir.ini:2: error: 'mark': '0' marks nothing: the value is 0"});
}

TEST_CASE("words of other programs lead to weir's") {
  const std::map<std::string, std::string> said{
      {"[log]\nlevel = warn\n",
       "'level': unknown word 'warn', did you mean 'warning'? (one of debug, info, warning, "
       "error)"},
      {"[log]\nlevel = err\n",
       "'level': unknown word 'err', did you mean 'error'? (one of debug, info, warning, error)"},
      {"[log]\ntarget = /var/log/weir.log\n",
       "'target': unknown word '/var/log/weir.log', did you mean 'file:/var/log/weir.log'? (one of "
       "stderr, journal, syslog, file:PATH)"},
      {"[firewall]\nlocal = true\n", "'local': 'true' is not yes or no, did you mean 'yes'?"},
      {"[firewall]\nlocal = Off\n", "'local': 'Off' is not yes or no, did you mean 'no'?"},
      {"[firewall]\ninterfaces = ppp+\n", "'ppp+' is no interface name, did you mean 'ppp*'?"},
      {"[firewall]\ninterfaces = *\n",
       "'*' is no interface name: every name there is needs no list"},
      {"[firewall]\ninterfaces = lan wan\n",
       "'lan wan' is no interface name: names in a list are separated by commas"},
      {"[firewall]\ninterfaces = eth0:1\n",
       "'eth0:1' is no interface name but an alias: packets come in by 'eth0'"},
      {"[rule x]\non = 80/tcp\nuse = direct\n",
       "'80/tcp' has an unknown protocol, did you mean 'tcp/80'? (tcp, udp or any)"},
      {"[rule x]\non = tcp:80\nuse = direct\n",
       "'tcp:80' is not PROTOCOL/PORT, did you mean 'tcp/80'?"},
  };
  for (const auto& [text, description] : said) {
    INFO(text);
    CHECK(findings_of(text + rule) ==
          std::vector<std::string>{"weir.ini:2: error: " + description});
  }
  const std::map<std::string, std::string> uses{{"accept", "bypass"}, {"block", "reject"}};
  for (const auto& [word, meant] : uses) {
    CHECK(findings_of("[rule r]\non = tcp/80\nuse = " + word + "\n") ==
          std::vector<std::string>{"weir.ini:3: error: unknown upstream '" + word +
                                   "', did you mean '" + meant + "'?"});
  }
}

TEST_CASE("who writes any, all or a star for all addresses hears that the key is left out") {
  for (const std::string word : {"any", "all", "*"}) {
    CHECK(findings_of(rule_with("on = tcp/80\nclient = " + word)) ==
          std::vector<std::string>{"weir.ini:3: error: 'client': '" + word +
                                   "' is no address: leave the key out to match every address"});
  }
  CHECK(findings_of(rule_with("on = tcp/80\nclient = ! 192.0.2.1")).empty());
}

TEST_CASE("a star at the end of an interface's name stands for all that begin like it") {
  const auto loaded = load_text(
      "[firewall]\ninterfaces = ppp*, lan\n[rule r]\non = tcp/80\n"
      "interface = ppp*\nuse = direct\n");
  REQUIRE(loaded.configuration);
  CHECK(loaded.configuration->firewall.interfaces == std::vector<std::string>{"ppp*", "lan"});
  CHECK(findings_of(std::string("[firewall]\ninterfaces = p*p\n") + rule).size() == 1);
  CHECK(findings_of(std::string("[firewall]\ninterfaces = sixteen-letters*\n") + rule).empty());
  CHECK(findings_of(std::string("[firewall]\ninterfaces = sixteen-letters-*\n") + rule).size() ==
        1);
}

TEST_CASE("names that admin.http may be asked by are names, without a port") {
  const auto loaded =
      load_text(std::string("[admin]\nhttp-host = Router.lan, gw\nhttp-host = weir\n") + rule);
  REQUIRE(loaded.configuration);
  CHECK(loaded.configuration->admin.http_hosts ==
        std::vector<std::string>{"router.lan", "gw", "weir"});
  CHECK(
      findings_of(std::string("[admin]\nhttp-host = router:9080\n") + rule) ==
      std::vector<std::string>{"weir.ini:2: error: 'http-host': 'router:9080' is not a name, such "
                               "as router.lan (without a port)"});
}

}  // namespace
}  // namespace weir
