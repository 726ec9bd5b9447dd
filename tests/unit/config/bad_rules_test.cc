// Rules and upstreams that contradict themselves or lead nowhere.
#include "config/bad_file.h"

namespace weir {
namespace {

// The findings about one line of a rule that is right otherwise. Line 4 of the file.
std::vector<std::string> rule_with(const std::string& line) {
  const bool on = line.starts_with("on");
  return findings_of("[rule a]\n" + std::string(on ? "; on" : "on = tcp/80") + "\nuse = direct\n" +
                     line + "\n");
}

std::vector<std::string> error(const std::string& text) { return {"weir.ini:4: error: " + text}; }

TEST_CASE("`on` says what is wrong with each of its items") {
  CHECK(rule_with("on = 80") == error("'80' has no protocol (tcp/80, udp/80 or any/80)"));
  CHECK(rule_with("on = web") ==
        error("'web' is not PROTOCOL/PORT (like tcp/80, udp/53, any/443)"));
  CHECK(rule_with("on = tpc/80") ==
        error("'tpc/80' has an unknown protocol, did you mean 'tcp'? (tcp, udp or any)"));
  CHECK(rule_with("on = TCP/80") ==
        error("'TCP/80' has an unknown protocol, did you mean 'tcp'? (tcp, udp or any)"));
  const std::string no_port = " is no port or range of ports (1 to 65535, like 80, 8000-8100 or *)";
  for (const std::string item :
       {"tcp/0", "tcp/65536", "tcp/-1", "tcp/80-", "tcp/-80", "tcp/", "tcp/ 80", "tcp/80-90-100",
        "tcp/http", "tcp/99999999999999999999"}) {
    CHECK(rule_with("on = " + item) == error("'" + item + "'" + no_port));
  }
  CHECK(rule_with("on = udp/80-70") ==
        error("'udp/80-70' ends before it begins, did you mean 70-80?"));
  CHECK(rule_with("on = tcp/0, any/53, sctp/1") ==
        std::vector<std::string>{
            "weir.ini:4: error: 'tcp/0'" + no_port,
            "weir.ini:4: error: 'sctp/1' has an unknown protocol (tcp, udp or any)"});
}

TEST_CASE("`client` and `destination` say what is wrong with each of their items") {
  CHECK(rule_with("client = !192.0.2.1/24") ==
        error("'client': '192.0.2.1/24' has host bits set, did you mean '192.0.2.0/24'?"));
  CHECK(rule_with("destination = example.net") ==
        error("'destination': 'example.net' is neither an address nor a prefix (ADDRESS/LENGTH)"));
  CHECK(rule_with("destination = 2001:db8::/129") ==
        error("'destination': '2001:db8::/129' needs a length of 0 to 128 after the '/'"));
  CHECK(rule_with("client = 192.0.2.0/") ==
        error("'client': '192.0.2.0/' needs a length of 0 to 32 after the '/'"));
}

TEST_CASE("a limit of a rule is at least 1") {
  CHECK(rule_with("max-flows = 0") == error("'max-flows': '0' is out of bounds (1 to 4294967295)"));
  CHECK(rule_with("max-flows-per-client = many") ==
        error("'max-flows-per-client': 'many' is not a number (decimal or 0x)"));
  CHECK(rule_with("log = some") == error("'log': unknown word 'some' (one of all, errors, none)"));
}

TEST_CASE("at-change is one of two words, and needs windows that change") {
  const std::string alone = "'at-change' is for rules with 'when': no window of this one changes";
  CHECK(rule_with("at-change = close") == error(alone));
  CHECK(rule_with("at-change = keep") == error(alone));
  CHECK(rule_with("when = sat\nat-change = close").empty());
  CHECK(rule_with("when = sat\nat-change = cut") ==
        std::vector<std::string>{
            "weir.ini:5: error: 'at-change': unknown word 'cut' (one of keep, close)"});
  // What is wrong with the windows is said once.
  CHECK(rule_with("when = never\nat-change = close").size() == 1);
}

TEST_CASE("keys that later versions may have are unknown until then") {
  CHECK(rule_with("rate = 10Mbit") == error("unknown key 'rate' in [rule a]"));
}

TEST_CASE("a reference leads to an upstream or a built-in") {
  check_each({
      {"a rule's",
       "[upstream web]\ntype = direct\n[rule a]\non = tcp/80\nuse = wbe\n",
       {"weir.ini:5: error: unknown upstream 'wbe', did you mean 'web'?"}},
      {"the gateway's",
       "[gateway]\ndefault = transparant\n",
       {"weir.ini:2: error: unknown upstream 'transparant', did you mean 'transparent'?"}},
      {"a type is none",
       "[rule a]\non = tcp/80\nuse = forward\n",
       {"weir.ini:3: error: 'forward' is a type, not an upstream: write an [upstream NAME] with "
        "type = forward, and NAME here"}},
      {"a name inside another one",
       "[upstream web]\ntype = direct\n[rule a]\non = tcp/1\nuse = we\n",
       {"weir.ini:5: error: unknown upstream 'we', did you mean 'web'?"}},
      {"an upstream with a problem of its own is still known",
       "[upstream web]\ntype = direct\nretries = -1\n[rule a]\non = tcp/80\nuse = web\n",
       {"weir.ini:3: error: 'retries': '-1' is not a number (decimal or 0x)"}},
  });
}

TEST_CASE("marks keep to bits of their own") {
  check_each({
      {"mark and bypass-mark",
       "[firewall]\nmark = 0x1/0x3\nbypass-mark = 0x4/0x6\n",
       {"weir.ini:3: error: the masks of 'mark' and 'bypass-mark' share bits: give each bits of "
        "its own"}},
      {"mark and the default of bypass-mark",
       "[firewall]\nmark = 0x2/0x2\n",
       {"weir.ini:2: error: the masks of 'mark' and 'bypass-mark' share bits: give each bits of "
        "its own"}},
      {"an upstream's",
       "[upstream a]\ntype = direct\nmark = 0x12/0x12\n[gateway]\ndefault = a\n",
       {"weir.ini:3: error: 'mark': the mask shares bits with 'bypass-mark' of [firewall]"}},
      {"a mark that is wrong shares no bits",
       "[firewall]\nmark = 0/0x2\n[upstream a]\ntype = direct\nmark = 0x2/0x2\n",
       {"weir.ini:2: error: 'mark': '0/0x2' marks nothing: the value is 0"}},
  });
}

TEST_CASE("times to live are in order") {
  check_each({
      {"both given",
       "[dns]\nmax-ttl = 1m\nmin-ttl = 2m\n",
       {"weir.ini:3: error: 'min-ttl' is longer than 'max-ttl'"}},
      {"against the default",
       "[dns]\nmax-ttl = 1ms\n",
       {"weir.ini:2: error: 'min-ttl' is longer than 'max-ttl'"}},
  });
}

TEST_CASE("a policy finds every server that is wrong") {
  check_each({
      {"ports, hosts, weights, names",
       "[gateway]\ndefault = pool\n[upstream pool]\ntype = forward\nserver = 192.0.2.1:0\n"
       "server = a=192.0.2.1\nserver = 192.0.2.2 weight=0\nserver = a=192.0.2.3\n"
       "server = 192.0.2.4 wieght=1\n",
       {"weir.ini:5: error: '0' is not a port (1 to 65535)",
        "weir.ini:7: error: '0' is not a weight (1 to 256)",
        "weir.ini:8: error: a second server named 'a' (give it a name: NAME=HOST)",
        "weir.ini:9: error: unknown word 'wieght=1' after the server, did you mean 'weight'? "
        "(known: weight=N, backup, max-flows=N, source=...)"}},
      {"and what all upstreams have",
       "[gateway]\ndefault = pool\n[upstream pool]\ntype = forward\nserver = 192.0.2.300\n"
       "server = 192.0.2.1\nsource = clinet\ninterface = a-name-of-17-byte\n",
       {"weir.ini:5: error: '192.0.2.300' is neither an address nor a host name",
        "weir.ini:7: error: 'clinet' is not gateway, client, client:port or an address of the "
        "router",
        "weir.ini:8: error: 'a-name-of-17-byte' is no interface name (at most 15 bytes, without "
        "blanks, quotes or any of / : ! * + ,)"}},
  });
}

TEST_CASE("what is right but surely not meant is a warning") {
  check_each({
      {"an upstream that no rule uses",
       "[upstream spare]\ntype = direct\n",
       {"weir.ini:1: warning: [upstream spare] is used by no rule"}},
      {"a port twice",
       "[rule a]\non = tcp/1-100, tcp/80\nuse = direct\n",
       {"weir.ini:2: warning: tcp/80 is in tcp/1-100 already"}},
      {"no client is left",
       "[rule a]\non = tcp/1\nclient = 10.1.0.0/16, !10.0.0.0/8\nuse = direct\n",
       {"weir.ini:3: warning: no client is left: all of them are excluded"}},
      {"two families",
       "[rule a]\non = tcp/1\nclient = 10.0.0.0/8\ndestination = ::/0\nuse = direct\n",
       {"weir.ini:1: warning: no flow can match: clients and destinations are of different "
        "families"}},
      {"a whole family excluded",
       "[firewall]\nexclude = ::/1, 8000::/1\n",
       {"weir.ini:2: warning: all of IPv6 is excluded: weir will intercept nothing of it"}},
      {"a limit that another one hides",
       "[limits]\nmax-flows = 10\nmax-flows-per-client = 11\n",
       {"weir.ini:3: warning: 'max-flows-per-client' is larger than 'max-flows' and never "
        "reached"}},
      {"a comment that is none",
       "[admin]\nsocket = /run/x # here\n",
       {"weir.ini:2: warning: the value of 'socket' contains ' #', which does not begin a comment "
        "after a value (' ;' does)"}},
      {"quotes, where an error says so already",
       "[gateway]\ndefault = direct\n[log]\ntarget = 'stderr'\n",
       {"weir.ini:4: error: 'target': unknown word ''stderr'', did you mean 'stderr'? (one of "
        "stderr, journal, syslog, file:PATH)"}},
  });
}

}  // namespace
}  // namespace weir
