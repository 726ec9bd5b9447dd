// The formats in which people publish lists.
#include "sets/list_line.h"

#include "catch.h"

namespace weir {
namespace {

using Kind = ListLine::Kind;

// "a b": the items of a line; "!…": what is wrong with it; "heading"; "" where it says nothing.
std::string read(std::string_view text) {
  ListLine line;
  line.items.resize(3);  // whatever was in it before
  line.flaw = "before";
  read_list_line(text, line);
  if (line.kind == Kind::bad) {
    CHECK(line.items.empty());
    CHECK_FALSE(line.flaw.empty());
    return "!" + line.flaw;
  }
  CHECK(line.flaw.empty() == (line.kind != Kind::heading));
  CHECK(line.items.empty() == (line.kind != Kind::items));
  std::string out = line.kind == Kind::heading ? "heading" : "";
  for (const ListItem& item : line.items) {
    out += out.empty() ? "" : " ";
    out += item.is_exception ? "@@" : "";
    out += written_item(item.what);
    out += item.is_important ? "$" : "";
  }
  return out;
}

TEST_CASE("a line is an address, a prefix, a range or a name") {
  CHECK(read("192.0.2.1") == "192.0.2.1");
  CHECK(read("192.0.2.0/24") == "192.0.2.0/24");
  CHECK(read("192.0.2.1-192.0.2.9") == "192.0.2.1-192.0.2.9");
  CHECK(read("192.0.2.1 - 192.0.2.9") == "192.0.2.1-192.0.2.9");
  CHECK(read("2001:db8::/32") == "2001:db8::/32");
  CHECK(read("2001:DB8::1") == "2001:db8::1");
  CHECK(read("2001:db8::1-2001:db8::9") == "2001:db8::1-2001:db8::9");
  CHECK(read("::ffff:192.0.2.1") == "192.0.2.1");
  CHECK(read("0.0.0.0") == "0.0.0.0");
  CHECK(read("example.org") == "example.org");
  CHECK(read("*.Example.ORG.") == "*.example.org");
  CHECK(read(".example.org") == ".example.org");
  CHECK(read("1.2.3.4.example") == "1.2.3.4.example");
  CHECK(read("bücher.example") == "xn--bcher-kva.example");
}

TEST_CASE("what is around a line does not count") {
  CHECK(read("  example.org\t ") == "example.org");
  CHECK(read("example.org\r") == "example.org");
  CHECK(read("\xEF\xBB\xBF"
             "example.org") == "example.org");
  CHECK(read("\xEF\xBB\xBF# list\r").empty());
  CHECK(read("").empty());
  CHECK(read(" \t\r").empty());
}

TEST_CASE("comments begin with any of the usual signs, at the line's start or after a blank") {
  for (const char* sign : {"#", ";", "!", "//"}) {
    CHECK(read(std::string(sign) + " a comment").empty());
    CHECK(read("  " + std::string(sign) + "a comment").empty());
    CHECK(read("192.0.2.1 " + std::string(sign) + " a comment") == "192.0.2.1");
    CHECK(read("0.0.0.0 example.org\t" + std::string(sign) + "[Trojan]") == "example.org");
  }
  CHECK(read("# caf\xE9, in an encoding of old").empty());
  CHECK(read("example.org # \x1B[31m") == "example.org");
  CHECK(read("example.org#comment").starts_with("!'example.org#comment' is neither"));
}

TEST_CASE("a negated address of old is not taken for a comment") {
  CHECK(
      read("!192.0.2.1") ==
      "!'!' begins a comment in a list: to leave '192.0.2.1' out, say '!@…' of a list of its own");
  CHECK(read("!2001:db8::/32").starts_with("!'!' begins a comment"));
  CHECK(read("!example.org").empty());
  CHECK(read("! 192.0.2.1").empty());
  CHECK(read("!note: see below").empty());
}

TEST_CASE("a line of a hosts file is the names in it") {
  CHECK(read("0.0.0.0 ads.example.org") == "ads.example.org");
  CHECK(read("127.0.0.1\tads.example.org  tracker.example.org") ==
        "ads.example.org tracker.example.org");
  CHECK(read("::1 ads.example.org # one") == "ads.example.org");
  CHECK(read(":: Ads.Example.org") == "ads.example.org");
}

TEST_CASE("the machine's own names, with which hosts files begin, are nothing") {
  for (const char* line :
       {"127.0.0.1 localhost", "127.0.0.1 localhost.localdomain", "127.0.0.1 local",
        "255.255.255.255 broadcasthost", "::1 localhost", "::1 ip6-localhost ip6-loopback",
        "fe80::1%lo0 localhost", "ff00::0 ip6-localnet", "ff00::0 ip6-mcastprefix",
        "ff02::1 ip6-allnodes", "ff02::2 ip6-allrouters", "ff02::3 ip6-allhosts",
        "0.0.0.0 0.0.0.0"}) {
    CHECK(read(line).empty());
  }
  CHECK(read("127.0.0.1 localhost ads.example.org") == "ads.example.org");
}

TEST_CASE("an address before a name is a bad line unless it goes nowhere") {
  CHECK(read("192.0.2.1 nas.example.org") ==
        "!there is text after '192.0.2.1': names are listed after 0.0.0.0, 127.0.0.1, ::1 and :: "
        "alone");
  CHECK(read("192.0.2.0/24 DE").starts_with("!there is text after '192.0.2.0/24': names"));
  CHECK(read("0.0.0.0 ads.example.org a/b").starts_with("!'a/b' is neither"));
}

TEST_CASE("a browser's line is a name and all below it") {
  CHECK(read("||example.org^") == ".example.org");
  CHECK(read("||example.org^|") == ".example.org");
  CHECK(read("||*.example.org^") == "*.example.org");
  CHECK(read("||Bücher.example^") == ".xn--bcher-kva.example");
  CHECK(read("||192.0.2.1^") == "192.0.2.1");
  CHECK(read("||example.org^$important") == ".example.org$");
  CHECK(read("||example.org^$all") == ".example.org");
  CHECK(read("||example.org^$all,important ! why") == ".example.org$");
  CHECK(read("@@||example.org^") == "@@.example.org");
  CHECK(read("@@||example.org^$important") == "@@.example.org$");
  CHECK(read("[Adblock Plus 2.0]").empty());
}

TEST_CASE("a browser's line that means only some requests is a bad one") {
  CHECK(read("||example.org^$third-party") ==
        "!the option '$third-party' narrows the line to what a gateway does not see");
  CHECK(read("||example.org^$important,domain=a.org|b.org")
            .starts_with("!the option '$domain=a.org|b.org' narrows"));
  CHECK(read("||example.org^$badfilter").starts_with("!the option"));
  CHECK(read("||example.org") ==
        "!'||example.org' is a pattern of URLs: of those only '||NAME^' is a name");
  CHECK(read("||example.org/ads/*").starts_with("!'||example.org/ads/*' is a pattern"));
  CHECK(read("||ads.*^").starts_with("!'ads.*' has a '*'"));
  CHECK(read("@@/banner/").starts_with("!'@@/banner/' is an exception for more than a name"));
  CHECK(read("@@||192.0.2.1^").ends_with("takes an address out: exceptions are for names alone"));
  CHECK(read("example.org##.banner") ==
        "!'example.org##.banner' hides parts of a page: no gateway can");
  CHECK(read("example.org#@#.banner").ends_with("hides parts of a page: no gateway can"));
  CHECK(read("/ads[0-9]+/").starts_with("!'/ads[0-9]+/' is neither"));
}

TEST_CASE("a line of dnsmasq is its names and all below them") {
  CHECK(read("address=/example.org/0.0.0.0") == ".example.org");
  CHECK(read("address=/example.org/#") == ".example.org");
  CHECK(read("address=/a.example/b.example/::") == ".a.example .b.example");
  CHECK(read("server=/example.org/192.0.2.1#5353") == ".example.org");
  CHECK(read("server=/example.org/") == ".example.org");
  CHECK(read("local=/example.org/ # here") == ".example.org");
  CHECK(read("ipset=/a.example/b.example/set1,set2") == ".a.example .b.example");
  CHECK(read("nftset=/example.org/4#inet#fw4#set4,6#inet#fw4#set6") == ".example.org");
  CHECK(read("address=/.example.org/") == ".example.org");
  CHECK(read("address=/*.example.org/") == "*.example.org");
}

TEST_CASE("a line of dnsmasq that names no name, or every one, is a bad one") {
  CHECK(read("server=192.0.2.1") == "!'server=192.0.2.1' names no name, as in 'server=/NAME/…'");
  CHECK(read("server=/").starts_with("!'server=/' names no name"));
  CHECK(read("address=/#/0.0.0.0") == "!'/#/' is every name: no list can name those");
  CHECK(read("server=//192.0.2.1") == "!'//' is every name without a dot: no list can name those");
  CHECK(read("server=/example.org/#").ends_with("takes names out of others: that is no list"));
  CHECK(read("address=/*example.org/").starts_with("!'*example.org' has a '*'"));
  CHECK(read("address=/a.example/b_/c d/").starts_with("!'c d' is neither"));
}

TEST_CASE("of a CSV line the first column counts") {
  CHECK(read("192.0.2.0/24,DE,2026-01-01") == "192.0.2.0/24");
  CHECK(read("example.org,malware,\"a, b\"") == "example.org");
  CHECK(read("\"192.0.2.1\",\"c2\"") == "192.0.2.1");
  CHECK(read("\"example.org\"") == "example.org");
  CHECK(read("192.0.2.1 - 192.0.2.9 , 000 , somebody") == "192.0.2.1-192.0.2.9");
  CHECK(read(" \" example.org \" , x") == "example.org");
  CHECK(read("2001:db8::/32,\"x\"") == "2001:db8::/32");
  CHECK(read("example.org,ns.example.net,2026") == "example.org");
  CHECK(read("192.0.2.1,example.org") == "192.0.2.1");
  CHECK(read("example.org,192.0.2.1") == "example.org");
}

TEST_CASE("a CSV line may be the file's heading, or have no item in its first column") {
  CHECK(read("network,country") == "heading");
  CHECK(read("\"Domain Name\",\"Category\"") == "heading");
  CHECK(read("1,google.com") ==
        "!'1' is neither an address nor a name (its last label is a number)");
  CHECK(read(",example.org") == "!the first column is empty");
  CHECK(read("\"example.org\"x,y").starts_with("!'\"example.org\"x' is neither"));
  CHECK(read("\"a,b").starts_with("!"));
}

TEST_CASE("a list of items in one line loses none of them") {
  CHECK(read("192.0.2.1, 192.0.2.2")
            .starts_with("!'192.0.2.1' and '192.0.2.2' are two addresses in one line"));
  CHECK(read("1.0.0.0,1.0.0.255,AU").starts_with("!'1.0.0.0' and '1.0.0.255' are two addresses"));
  CHECK(read("a.example,b.example") ==
        "!the line lists 'a.example' and others: a list has one item a line");
  CHECK(read("a.example b.example") ==
        "!there is text after 'a.example': a list has one item a line");
}

TEST_CASE("what is no item is shown with what is wrong with it") {
  CHECK(read("192.0.2.300") ==
        "!'192.0.2.300' is neither an address nor a prefix (ADDRESS/LENGTH)");
  CHECK(read("192.0.2.1/24") == "!'192.0.2.1/24' has host bits set, did you mean '192.0.2.0/24'?");
  CHECK(read("192.0.2.0/33").ends_with("needs a length of 0 to 32 after the '/'"));
  CHECK(read("192.0.2.9-192.0.2.1") ==
        "!'192.0.2.9-192.0.2.1' ends before it begins, did you mean '192.0.2.1-192.0.2.9'?");
  CHECK(read("192.0.2.1-2001:db8::1").ends_with("has ends of two families"));
  CHECK(read("fe80::1%eth0").ends_with("names an interface: a prefix can't"));
  CHECK(read("fe80::1%lo-fe80::2%lo").ends_with("names an interface: a range can't"));
  CHECK(read("https://example.org/x") ==
        "!'https://example.org/x' is a URL: write the name or the address that is in it");
  CHECK(read("404: Not Found") == "!there is text after '404:': a list has one item a line");
  CHECK(read("[general]").starts_with("!'[general]' is neither"));
  CHECK(read("{\"a\": 1}").starts_with("!"));
}

TEST_CASE("bytes that are no text are said, not shown") {
  CHECK(read(std::string("a\0b", 3)) == "!the line has a NUL byte in it");
  CHECK(read(std::string("# a\0b", 5)) == "!the line has a NUL byte in it");
  const std::string control = read("exam\x1Bple.org");
  CHECK(control.starts_with("!the line has a control character in it: "));
  CHECK(control.find('\x1B') == std::string::npos);
  CHECK(read(std::string(4097, '#')) == "!the line is 4097 bytes long, at most 4096 are allowed");
  CHECK(read(std::string(4096, '#')).empty());
}

}  // namespace
}  // namespace weir
