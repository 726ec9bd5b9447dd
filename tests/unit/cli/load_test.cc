// What commands hear about a configuration besides its own errors.
#include "cli/load.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "catch.h"
#include "cli/check.h"

namespace weir {
namespace {

class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text)
      : path_(std::filesystem::temp_directory_path() /
              ("weir-load-" + std::to_string(getpid()) + ".ini")) {
    std::ofstream(path_) << text;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::vector<std::string> texts(const std::string& configuration) {
  const TemporaryFile file(configuration);
  std::vector<std::string> out;
  for (const Diagnostic& finding : load(file.path()).diagnostics) {
    out.push_back(std::to_string(finding.location.line) + " " + finding.text);
  }
  return out;
}

TEST_CASE("a shadowed rule is a warning") {
  CHECK(texts("[rule a]\non = tcp/80\nuse = direct\n[rule b]\non = tcp/80\nuse = drop\n") ==
        std::vector<std::string>{
            "4 [rule b] never matches: [rule a] before it takes all of its flows"});
}

TEST_CASE("a list that is too long for the firewall is a warning where the firewall could decide") {
  const std::string begin = "[firewall]\nmax-set = 1\n[set two]\nentries = 192.0.2.1, 192.0.2.9\n";
  const auto with = [&](const std::string& use) {
    return texts(begin + "[rule r]\non = tcp/80\nclient = @two\nuse = " + use + "\n");
  };
  CHECK(with("drop") ==
        std::vector<std::string>{"5 [rule r]: the gateway decides it, for @two has 2 prefixes, "
                                 "more than firewall.max-set = 1"});
  CHECK(with("direct").empty());
}

TEST_CASE("rules that ask for hosts are checked for what they cannot see and do not protect") {
  CHECK(texts("[rule office]\non = tcp/80\nhost = .example.org\nuse = bypass\n").size() == 1);
  CHECK(texts("[rule office]\non = tcp/443\nhost = .example.org\nuse = reject\n").size() == 2);
  CHECK(texts("[rule office]\non = tcp/80\nhost = .example.org\nuse = direct\n"
              "[rule rest]\non = tcp/80\nuse = reject\n")
            .size() == 1);
  CHECK(texts("[rule office]\non = tcp/443, udp/443\nhost = .example.org\nuse = reject\n"
              "[rule dns]\non = any/53\nuse = transparent\n")
            .empty());
}

// Rules begin at line 13.
const std::string told_by_name =
    "[firewall]\ninterfaces = lan\n[upstream office]\ntype = socks5\nserver = 192.0.2.7\n"
    "host-to-proxy = yes\n[upstream all]\ntype = group\nmembers = direct, office\n"
    "[upstream plain]\ntype = socks5\nserver = 192.0.2.8\n";
std::vector<std::string> texts_of_proxies(const std::string& rules) {
  auto out = texts(told_by_name + rules);
  std::erase_if(
      out, [](const std::string& text) { return text.find("host-to-proxy") == std::string::npos; });
  return out;
}
const std::string asks = "[rule asks]\non = tcp/443\nhost = !none\nuse = plain\n";

TEST_CASE("a destination says little about a flow whose proxy is told the host, and check warns") {
  const auto rule = [](const std::string& use, const std::string& more) {
    return texts_of_proxies(asks + "[rule r]\non = any/443\nuse = " + use + "\n" + more);
  };
  const std::string some = "destination = 203.0.113.0/24\n";
  for (const std::string use : {"office", "all"}) {
    CHECK(rule(use, some) ==
          std::vector<std::string>{
              "19 [rule r]: 'destination' holds for the address that the client asked for, and the "
              "proxy goes where the host's name leads (host-to-proxy of [upstream office])"});
    CHECK(rule(use, "destination = !203.0.113.0/24\n").size() == 1);
    CHECK(rule(use, "client = 198.51.100.0/24\n").empty());
  }
  CHECK(rule("plain", some).empty());
  CHECK(texts_of_proxies(asks + "[rule r]\non = udp/443\nuse = office\n" + some).empty());
}

TEST_CASE("host-to-proxy where no rule asks for the host is a warning") {
  const std::string rest = "[rule r]\non = tcp/443, tcp/80\nuse = office\n";
  const auto warning = [](const std::string& line) {
    return std::vector<std::string>{
        line +
        " [rule r]: the proxy is told addresses, for no rule asks for the host of these flows; add "
        "before this rule a copy of it with host = !none (host-to-proxy of [upstream office])"};
  };
  CHECK(texts_of_proxies(rest) == warning("15"));
  CHECK(texts_of_proxies(asks + rest).empty());
  CHECK(texts_of_proxies(rest + "host = .example.org\n").empty());
  // One that comes later, or asks on other ports, is not asked about these flows.
  CHECK(texts_of_proxies(rest + asks) == warning("15"));
  CHECK(texts_of_proxies("[rule mail]\non = tcp/25\nhost = !none\nuse = plain\n" + rest) ==
        warning("19"));
  CHECK(texts_of_proxies("[rule r]\non = udp/443\nuse = office\n").empty());
}

TEST_CASE("a user and a folder that are not there are errors, at their lines") {
  CHECK(texts("[gateway]\nuser = nobody-at-all\n[log]\ntarget = file:/nonexistent/x/weir.log\n") ==
        std::vector<std::string>{"2 'user': there is no such user: 'nobody-at-all'",
                                 "4 'target': there is no folder '/nonexistent/x'"});
  CHECK(texts("[gateway]\nuser = root\n[log]\ntarget = file:/weir.log\n").empty());
}

TEST_CASE("a rule that no flow can reach is a warning") {
  const std::string firewall = "[firewall]\ninterfaces = lan, ppp*\n";
  const auto with_interface = [&](const std::string& interface) {
    return texts(firewall + "[rule r]\non = tcp/80\ninterface = " + interface + "\nuse = direct\n");
  };
  CHECK(with_interface("guest") ==
        std::vector<std::string>{"3 no flow can match [rule r]: none of its interfaces is in "
                                 "[firewall] interfaces"});
  CHECK(with_interface("guest, lan").empty());
  CHECK(with_interface("ppp0").empty());
  CHECK(with_interface("p*").empty());

  const std::string to_us = "[rule r]\non = tcp/80\ndestination = 127.0.0.1, ::1\nuse = direct\n";
  CHECK(texts(to_us) ==
        std::vector<std::string>{"1 no flow can match [rule r]: its destinations are this router "
                                 "itself, and [firewall] local-services is no"});
  CHECK(texts(to_us + "[firewall]\nlocal-services = yes\n").empty());
}

TEST_CASE("a bypass on every port beside a default that goes to the gateway is a warning") {
  const std::string rules =
      "[rule tv]\non = any/*\nclient = 192.0.2.7\nuse = bypass\n[rule r]\non = tcp/80\nuse = "
      "direct\n";
  CHECK(texts(rules).empty());
  CHECK(texts(rules + "[gateway]\ndefault = bypass\n").empty());
  CHECK(
      texts(rules + "[gateway]\ndefault = transparent\n") ==
      std::vector<std::string>{"1 [rule tv] names every port, and [gateway] default = transparent "
                               "takes what no rule matches: all traffic goes through weir. Leave "
                               "'default' out, or write default = bypass"});
}

TEST_CASE(
    "a server that cannot work where it is, or whose port may be part of its address, is a "
    "warning") {
  const auto with_server = [](const std::string& server) {
    return texts("[firewall]\ninterfaces = lan\n[upstream p]\ntype = forward\nserver = " + server +
                 "\n[rule r]\non = tcp/80\nuse = p\n");
  };
  CHECK(with_server("127.0.0.1:50080") ==
        std::vector<std::string>{
            "5 127.0.0.1:50080 is weir's own port on this machine: its flows end as loop"});
  CHECK(with_server("127.0.0.1:50081").empty());
  CHECK(with_server("127.0.0.1:53 source=gateway").empty());
  CHECK(
      with_server("127.0.0.1:53 source=client:port") ==
      std::vector<std::string>{
          "8 IPv6 flows to upstream 'p' will fail: source = client needs a server of the client's "
          "family: add an IPv6 server",
          "5 source = client does not work towards 127.0.0.1, an address of this router: the "
          "server's answers go to the client past weir. Add source=gateway to this server"});
  CHECK(with_server("127.0.0.1:53\nsource = client").size() == 2);  // and no IPv6 server
  CHECK(with_server("127.0.0.1:53 source=gateway\nsource = client").empty());
  const auto unclear = with_server("2001:db8::2:80");
  CHECK(
      std::find(unclear.begin(), unclear.end(),
                "5 2001:db8::2:80 is an IPv6 address without a port: write [2001:db8::2]:80 if 80 "
                "is the port, [2001:db8::2:80] if it is not") != unclear.end());
  for (const auto* clear : {"[2001:db8::2:80]", "[2001:db8::2]:80", "2001:db8::80"}) {
    for (const std::string& said : with_server(clear)) {
      CHECK(said.find("without a port") == std::string::npos);
    }
  }
}

TEST_CASE("servers that may sit behind the router are a warning, unless interfaces are named") {
  const std::string pool =
      "[upstream p]\ntype = forward\nserver = 192.0.2.1\n[gateway]\ndefault = p\n";
  CHECK(texts(pool) ==
        std::vector<std::string>{"1 if a server of [upstream p] sits behind this router, what it "
                                 "sends is intercepted as well: name the clients' interfaces in "
                                 "[firewall] interfaces"});
  CHECK(texts(pool + "[firewall]\ninterfaces = eth1\n").empty());
}

TEST_CASE(
    "a chain through a forward upstream, whose servers hear of nothing behind, is a warning") {
  const auto said = [](const std::string& relay, const std::string& last, const char* via = "a") {
    return texts(
        "[firewall]\ninterfaces = lan\n[gateway]\ndefault = b\n[upstream a]\ntype = " + relay +
        "\n[upstream g]\ntype = group\nmembers = direct, a\n[rule g]\non = tcp/1\n"
        "use = g\n[upstream b]\ntype = " +
        last + "\nvia = " + via + "\n");
  };
  const std::string forward = "forward\nserver = 192.0.2.1:80";
  const std::string proxy = "socks5\nserver = 192.0.2.1";
  const auto warning = [](const std::string& line, const std::string& what,
                          const std::string& end = "") {
    return std::vector<std::string>{line + " the servers of [upstream a] are never told which " +
                                    what +
                                    " a flow is for: type forward takes all of them to servers of "
                                    "its own" +
                                    end};
  };
  const std::string server = "server of [upstream b]";
  CHECK(said(forward, "forward\nserver = 192.0.2.2:80") == warning("17", server));
  CHECK(said(forward, "forward\nserver = 192.0.2.2:80", "g") == warning("17", server));
  CHECK(said(forward + "\nproxy-protocol = v2", "forward\nserver = 192.0.2.2:80") ==
        warning("18", server));
  CHECK(said(forward, "direct") == warning("16", "destination", " (proxy-protocol would tell it)"));
  CHECK(said(forward + "\nproxy-protocol = v2", "direct").empty());
  CHECK(said(proxy, "forward\nserver = 192.0.2.2:80").empty());
  CHECK(said("direct", "forward\nserver = 192.0.2.2:80").empty());
}

TEST_CASE("a password in a file that every user may read is a warning") {
  const std::string text =
      "[firewall]\ninterfaces = lan\n[upstream p]\ntype = socks5\nserver = 192.0.2.1\n"
      "username = router\npassword = secret\n[rule a]\non = tcp/80\nuse = p\n";
  const TemporaryFile file(text);
  using std::filesystem::perms;
  std::filesystem::permissions(file.path(), perms::owner_read | perms::others_read);
  const auto open = load(file.path()).diagnostics;
  REQUIRE(open.size() == 1);
  CHECK(open[0].line() ==
        file.path() +
            ":7: warning: every user may read this file, and the password in it: chmod o-r " +
            file.path() + ", or put the password into a password-file");
  std::filesystem::permissions(file.path(), perms::owner_read | perms::group_read);
  CHECK(load(file.path()).diagnostics.empty());
}

TEST_CASE("a password file that cannot be read is one problem, not two") {
  CHECK(texts("[firewall]\ninterfaces = lan\n[upstream p]\ntype = socks5\nserver = 192.0.2.1\n"
              "username = router\npassword-file = /nowhere/password\n"
              "[rule a]\non = tcp/80\nuse = p\n") ==
        std::vector<std::string>{"7 'password-file': cannot read /nowhere/password: No such file "
                                 "or directory"});
}

TEST_CASE("a rule that leads UDP where none can go is refused at its line") {
  const std::string proxy =
      "[firewall]\ninterfaces = lan\n[upstream p]\ntype = http-connect\nserver = 192.0.2.1\n";
  const std::string description = "UDP to 'p': type http-connect carries no UDP";
  CHECK(texts(proxy + "[rule a]\non = tcp/443\nuse = p\n").empty());
  for (const std::string on : {"udp/443", "any/443", "tcp/80, udp/*"}) {
    CHECK(texts(proxy + "[rule a]\non = " + on + "\nuse = p\n") ==
          std::vector<std::string>{"8 [rule a] sends " + description});
  }
  CHECK(texts(proxy + "[upstream q]\ntype = forward\nserver = 192.0.2.2\nvia = p\n"
                      "[rule a]\non = udp/53\nuse = q\n") ==
        std::vector<std::string>{
            "12 [rule a] sends UDP to 'q': [upstream q] goes through p: type http-connect carries "
            "no UDP"});
}

TEST_CASE("a default without UDP is refused only where some UDP may be left for it") {
  const std::string proxy =
      "[firewall]\ninterfaces = lan\n[upstream p]\ntype = http-connect\nserver = 192.0.2.1\n"
      "[gateway]\ndefault = p\n";
  CHECK(texts(proxy + "[rule a]\non = any/53\nuse = direct\n").empty());
  for (const std::string condition :
       {"client = 192.0.2.0/24", "destination = !192.0.2.1", "interface = lan"}) {
    CHECK(texts(proxy + "[rule a]\non = any/53\nuse = direct\n" + condition + "\n") ==
          std::vector<std::string>{
              "7 'default' may send UDP to 'p': type http-connect carries no UDP"});
  }
}

TEST_CASE("check ends with 0 when there is no error and with 2 when there is one") {
  const TemporaryFile good("[rule a]\non = tcp/80\nuse = direct\n");
  CHECK(run_check(good.path(), CheckOutput::text) == 0);
  CHECK(run_check("/nowhere/weir.ini", CheckOutput::text) == 2);
}

TEST_CASE("check's JSON has every finding with its place") {
  const TemporaryFile file("[rule a]\non = tcp/99999\nuze = direct\n");
  const auto bad = nlohmann::json::parse(json_of_check(file.path(), load(file.path())));
  CHECK(bad["ok"] == false);
  CHECK(bad["file"] == file.path());
  REQUIRE(bad["errors"].size() >= 2);
  CHECK(bad["errors"][0]["file"] == file.path());
  CHECK(bad["errors"][0]["line"] == 2);
  CHECK(bad["errors"][1]["line"] == 3);  // `uze`, from which a missing `use` only follows
  CHECK(bad["warnings"].empty());
  CHECK_FALSE(bad.contains("rules"));
  const auto missing = nlohmann::json::parse(json_of_check("/nowhere", load("/nowhere")));
  CHECK(missing["errors"][0]["line"].is_null());
  const TemporaryFile fine("[rule a]\non = tcp/80\nuse = direct\n");
  const auto good = nlohmann::json::parse(json_of_check(fine.path(), load(fine.path())));
  CHECK(good["ok"] == true);
  CHECK(good["rules"] == 1);
  CHECK(good["upstreams"] == 0);
}

}  // namespace
}  // namespace weir
