// Upstreams that name other upstreams.
#include "bad_file.h"
#include "catch.h"

namespace weir {
namespace {

TEST_CASE("a member that is not defined is an error with the nearest name, once") {
  check_each({
      {"mistyped",
       "[gateway]\ndefault = all\n[upstream all]\ntype = group\nmembers = pol, direct\n"
       "[upstream pool]\ntype = forward\nserver = 192.0.2.1\n",
       {"weir.ini:5: error: unknown upstream 'pol', did you mean 'pool'?"}},
      {"nothing like it, in two groups",
       "[gateway]\ndefault = all\n[upstream all]\ntype = group\nmembers = quux\n"
       "[upstream more]\ntype = group\nmembers = direct, quux\n",
       {"weir.ini:5: error: unknown upstream 'quux'",
        "weir.ini:8: error: unknown upstream 'quux'"}},
      {"its section has a mistake of its own: one problem",
       "[gateway]\ndefault = all\n[upstream all]\ntype = group\nmembers = pool\n"
       "[upstream pool]\ntype = forward\nserver = 192.0.2.300\n",
       {"weir.ini:8: error: '192.0.2.300' is neither an address nor a host name"}},
      {"or lacks what its type needs",
       "[gateway]\ndefault = all\n[upstream all]\ntype = group\nmembers = pool\n"
       "[upstream pool]\ntype = forward\n",
       {"weir.ini:6: error: [upstream pool] needs 'server'"}},
      {"or is of no known type",
       "[gateway]\ndefault = all\n[upstream all]\ntype = group\nmembers = pool\n"
       "[upstream pool]\ntype = dierct\n",
       {"weir.ini:7: error: unknown type 'dierct', did you mean 'direct'? (one of direct, "
        "forward, socks5, http-connect, group, reject, drop)"}},
  });
}

TEST_CASE("groups in groups and groups of themselves are refused at their lines") {
  check_each({
      {"nested",
       "[gateway]\ndefault = all\n[upstream all]\ntype = group\nmembers = inner\n"
       "[upstream inner]\ntype = group\nmembers = direct\n",
       {"weir.ini:5: error: 'inner' is a group, and groups have no groups as members"}},
      {"of itself",
       "[gateway]\ndefault = all\n[upstream all]\ntype = group\nmembers = direct, all\n",
       {"weir.ini:5: error: upstream 'all' leads back to itself through this line"}},
      {"a circle: each line of it leads back",
       "[gateway]\ndefault = a\n[upstream a]\ntype = group\nmembers = b\n"
       "[upstream b]\ntype = group\nmembers = a\n",
       {"weir.ini:5: error: upstream 'b' leads back to itself through this line",
        "weir.ini:8: error: upstream 'a' leads back to itself through this line"}},
  });
}

TEST_CASE("a member is used by its group") {
  check_each({
      {"two of three",
       "[gateway]\ndefault = all\n[upstream all]\ntype = group\nmembers = one, two\n"
       "[upstream one]\ntype = direct\n[upstream two]\ntype = direct\n"
       "[upstream three]\ntype = direct\n",
       {"weir.ini:10: warning: [upstream three] is used by no rule"}},
  });
}

TEST_CASE("what a group cannot have is told with the rest") {
  check_each({
      {"keys of members, and a member twice",
       "[gateway]\ndefault = all\n[upstream all]\ntype = group\nmembers = direct, direct\n"
       "dscp = 3\nserver = 192.0.2.1\n",
       {"weir.ini:5: error: 'direct' is a member twice",
        "weir.ini:6: error: 'dscp' is for the members of a group, not for the group",
        "weir.ini:7: error: unknown key 'server' in [upstream all], it belongs to type = forward"}},
  });
}

}  // namespace
}  // namespace weir
