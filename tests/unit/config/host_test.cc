// What is wrong with the names of `host`, and with the sets that it asks.
#include "catch.h"
#include "config/made_up_files.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;

// Line 4 of the file.
Lines rule_with(const std::string& hosts) {
  return findings_of("[rule a]\non = tcp/80\nuse = direct\nhost = " + hosts + "\n");
}

Lines error(const std::string& text) { return {"weir.ini:4: error: 'host': " + text}; }

TEST_CASE("`host` takes names, sets and `none`, on several lines") {
  CHECK(rule_with("example.org, *.example.net, .example.com, !www.example.com, none").empty());
  CHECK(rule_with("b\xC3\xBC"
                  "cher.example, Example.ORG.\nhost = !none")
            .empty());
}

TEST_CASE("a bad name is an error at its line") {
  CHECK(rule_with("www.*.org") ==
        error("'www.*.org' has a '*' that is not its whole first label, as in '*.example.org'"));
  CHECK(rule_with("a..example.org") == error("'a..example.org' has an empty label"));
  CHECK(rule_with("!+.example.org") ==
        error("'+.example.org' is no name, did you mean '.example.org'?"));
  CHECK(rule_with("https://example.org/") ==
        error("'https://example.org/' is a URL: write the name that is in it"));
  CHECK(rule_with("example.org, \nhost = exa mple.org").size() == 2);
}

TEST_CASE("an address is an error that names the key for addresses") {
  for (const std::string address : {"192.0.2.1", "192.0.2.0/24", "2001:db8::1"}) {
    CHECK(rule_with(address) ==
          error("'" + address + "' is no name: 'destination' is asked about addresses"));
  }
}

TEST_CASE("words that stand for every name elsewhere are errors that say what to write") {
  CHECK(rule_with("*") == error("'*' is no name: leave the key out to match every flow, or write "
                                "!none for every one with a name"));
}

TEST_CASE("a list that leaves no host is a warning") {
  const Lines nothing{"weir.ini:4: warning: no host is left: all of them are excluded"};
  CHECK(rule_with("www.example.org, !.example.org") == nothing);
  CHECK(rule_with("none, !none") == nothing);
  CHECK(rule_with("!none, !www.example.org").empty());
}

const std::string sets =
    "[set names]\nentries = example.org\n[set both]\nentries = example.org, 192.0.2.1\n"
    "[set addresses]\nentries = 192.0.2.1\n[rule a]\non = tcp/80\nuse = direct\n";

TEST_CASE("a set that has no name is a warning where a host is asked for") {
  CHECK(findings_of(sets + "host = @names, @both, !@addresses\n") ==
        Lines{"weir.ini:5: warning: [set addresses] has no name: 'host' is asked about names"});
  CHECK(findings_of("[set later]\n[rule a]\non = tcp/80\nuse = direct\nhost = @later\n").empty());
  CHECK(findings_of("[rule a]\non = tcp/80\nuse = direct\nhost = @hosts\n",
                    {{"hosts", "192.0.2.1\n"}}) ==
        Lines{"weir.ini:4: warning: 'hosts' has no name: 'host' is asked about names"});
}

TEST_CASE("names in a set are no warning where some rule asks for them") {
  CHECK(findings_of(sets + "host = @both, @names\nclient = @addresses\n"
                           "[rule b]\non = tcp/80\ndestination = @both\nuse = direct\n")
            .empty());
}

TEST_CASE("a set of names that is not there is an error, with the nearest one") {
  CHECK(findings_of("[set ads]\nentries = example.org\n[rule a]\non = tcp/80\nuse = direct\n"
                    "host = @ad\n")
            .back() ==
        "weir.ini:6: error: cannot use 'ad': there is no such file, did you mean the set '@ads'?");
}

}  // namespace
}  // namespace weir
