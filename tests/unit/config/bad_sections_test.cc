// Sections and keys that do not exist, are there twice, or are missing.
#include "config/bad_file.h"

namespace weir {
namespace {

TEST_CASE("an unknown section is one problem, and its keys are none") {
  check_each({
      {"mistyped",
       "[gatway]\nport = 80\nnonsense = 1\n",
       {"weir.ini:1: error: unknown section [gatway], did you mean [gateway]?"}},
      {"mistyped, with a name",
       "[rul web]\non = x\n",
       {"weir.ini:1: error: unknown section [rul web], did you mean [rule web]?"}},
      {"in capitals",
       "[LOG]\nlevel = info\n",
       {"weir.ini:1: error: unknown section [LOG], did you mean [log]?"}},
      {"nothing like it",
       "[cluster]\npeers = a\n",
       {"weir.ini:1: error: unknown section [cluster]"}},
      {"a name that it would define is not called unknown",
       "[upstraem web]\ntype = direct\n[rule a]\non = tcp/80\nuse = web\n",
       {"weir.ini:1: error: unknown section [upstraem web], did you mean [upstream web]?"}},
  });
}

TEST_CASE("a header has a name exactly where its kind has one") {
  check_each({
      {"a rule without",
       "[rule]\non = tcp/80\nuse = direct\n",
       {"weir.ini:1: error: [rule] needs a name: [rule NAME]"}},
      {"an upstream without",
       "[upstream ]\ntype = direct\n",
       {"weir.ini:1: error: [upstream] needs a name: [upstream NAME]"}},
      {"a gateway with one",
       "[gateway x]\nport = 80\n",
       {"weir.ini:1: error: [gateway] takes no name, but has 'x'"}},
      {"a blank in it",
       "[rule two words]\non = tcp/80\nuse = direct\n",
       {"weir.ini:1: error: 'two words' is no name: letters, digits, '.', '_' and '-' make one"}},
      {"a slash in it",
       "[upstream a/b]\ntype = direct\n",
       {"weir.ini:1: error: 'a/b' is no name: letters, digits, '.', '_' and '-' make one"}},
      {"that of a built-in",
       "[upstream direct]\ntype = direct\n",
       {"weir.ini:1: error: 'direct' is the name of a built-in upstream"}},
  });
}

TEST_CASE("what is there twice is refused, and both places are named") {
  check_each({
      {"a section",
       "[log]\nlevel = info\n[gateway]\n[log]\nflows = none\n",
       {"weir.ini:4: error: [log] appears a second time (first on line 1)"}},
      {"a rule",
       "[rule a]\non = tcp/80\nuse = direct\n\n[rule a]\non = tcp/81\nuse = direct\n",
       {"weir.ini:5: error: [rule a] appears a second time (first on line 1)"}},
      {"an upstream, written with another blank",
       "[upstream a]\ntype = direct\n[upstream  a]\ntype = direct\n",
       {"weir.ini:3: error: [upstream  a] appears a second time (first on line 1)"}},
      {"a key",
       "[gateway]\nport = 80\nport = 81\n",
       {"weir.ini:3: error: 'port' is given a second time (first on line 2)"}},
      {"a key, three times",
       "[timeouts]\nconnect = 1s\nconnect = 2s\nconnect = 3s\n",
       {"weir.ini:3: error: 'connect' is given a second time (first on line 2)",
        "weir.ini:4: error: 'connect' is given a second time (first on line 2)"}},
      {"the second section's own problems are reported as well",
       "[log]\n[log]\nlevel = loud\n",
       {"weir.ini:2: error: [log] appears a second time (first on line 1)",
        "weir.ini:3: error: 'level': unknown word 'loud' (one of debug, info, warning, error)"}},
  });
}

TEST_CASE("an unknown key says what was meant or where it belongs") {
  check_each({
      {"mistyped",
       "[gateway]\nprot = 80\n",
       {"weir.ini:2: error: unknown key 'prot' in [gateway], did you mean 'port'?"}},
      {"with an underscore",
       "[firewall]\nbypass_mark = 0x2/0x2\n",
       {"weir.ini:2: error: unknown key 'bypass_mark' in [firewall], did you mean 'bypass-mark'?"}},
      {"in capitals",
       "[limits]\nBuffer = 64KiB\n",
       {"weir.ini:2: error: unknown key 'Buffer' in [limits], did you mean 'buffer'?"}},
      {"of another section",
       "[gateway]\nlevel = info\n",
       {"weir.ini:2: error: unknown key 'level' in [gateway], it belongs to [log]"}},
      {"of rules",
       "[timeouts]\nclient = 192.0.2.1\n",
       {"weir.ini:2: error: unknown key 'client' in [timeouts], it belongs to [rule NAME]"}},
      {"of another type",
       "[upstream a]\ntype = direct\nserver = 192.0.2.1\n",
       {"weir.ini:3: error: unknown key 'server' in [upstream a], it belongs to type = forward"}},
      {"nobody's",
       "[admin]\nfrobnicate = yes\n",
       {"weir.ini:2: error: unknown key 'frobnicate' in [admin]"}},
  });
}

TEST_CASE("a key that a section needs is missed once") {
  check_each({
      {"a rule without ports",
       "[rule a]\nuse = direct\n",
       {"weir.ini:1: error: [rule a] needs 'on'"}},
      {"a rule without anything",
       "[rule a]\n",
       {"weir.ini:1: error: [rule a] needs 'on'", "weir.ini:1: error: [rule a] needs 'use'"}},
      {"a wrong value is not a missing one",
       "[rule a]\non = tcp/0\nuse = direct\n",
       {"weir.ini:2: error: 'tcp/0' is no port or range of ports (1 to 65535, like 80, 8000-8100 "
        "or *)"}},
      {"an upstream without type: keys that some type has are left alone",
       "[upstream a]\nserver = 192.0.2.1\nwhatever = 1\n",
       {"weir.ini:1: error: [upstream a] needs 'type'",
        "weir.ini:3: error: unknown key 'whatever' in [upstream a]"}},
      {"type, mistyped",
       "[upstream a]\ntyp = forward\nserver = 192.0.2.1\n",
       {"weir.ini:2: error: unknown key 'typ' in [upstream a], did you mean 'type'?"}},
      {"forward without servers",
       "[upstream a]\ntype = forward\n",
       {"weir.ini:1: error: [upstream a] needs 'server'"}},
  });
}

TEST_CASE("an unknown type is one problem") {
  check_each({
      {"mistyped",
       "[upstream a]\ntype = foward\nserver = 192.0.2.1\nbalance = x\n",
       {"weir.ini:2: error: unknown type 'foward', did you mean 'forward'? (one of direct, "
        "forward, socks5, http-connect, group, reject, drop)",
        "weir.ini:4: error: 'balance': unknown word 'x' (one of round-robin, least-flows, "
        "random-two, source-hash, flow-hash)"}},
      {"but the keys that all types share are read",
       "[upstream a]\ntype = quux\nretries = many\n",
       {"weir.ini:2: error: unknown type 'quux' (one of direct, forward, socks5, "
        "http-connect, group, reject, drop)",
        "weir.ini:3: error: 'retries': 'many' is not a number (decimal or 0x)"}},
  });
}

TEST_CASE("a proxy's keys are for the types that have them") {
  check_each({
      {"a password for a server that asks for none",
       "[upstream a]\ntype = forward\nserver = 192.0.2.1\nusername = x\n",
       {"weir.ini:4: error: unknown key 'username' in [upstream a], it belongs to type = socks5"}},
      {"a PROXY header for a proxy",
       "[upstream a]\ntype = socks5\nserver = 192.0.2.1\nproxy-protocol = v1\n",
       {"weir.ini:4: error: unknown key 'proxy-protocol' in [upstream a], it belongs to type = "
        "direct"}},
      {"a version that there is not",
       "[upstream a]\ntype = direct\nproxy-protocol = v3\n",
       {"weir.ini:3: error: 'proxy-protocol': unknown word 'v3', did you mean 'v1'? (one of none, "
        "v1, v2)"}},
      {"nobody to go through",
       "[upstream a]\ntype = direct\nvia = nobody\n",
       {"weir.ini:3: error: unknown upstream 'nobody'"}},
  });
}

TEST_CASE("a chain that leads back to itself is an error of each section in it") {
  check_each({
      {"two that go through each other",
       "[upstream a]\ntype = direct\nvia = b\n[upstream b]\ntype = direct\nvia = a\n",
       {"weir.ini:3: error: upstream 'b' leads back to itself through this line",
        "weir.ini:6: error: upstream 'a' leads back to itself through this line"}},
  });
}

}  // namespace
}  // namespace weir
