#include "doctor/host_names.h"

#include <memory>

#include "catch.h"
#include "config/made_up_files.h"
#include "upstream/assembly.h"

namespace weir::doctor {

namespace {

InterfaceAddress address(const std::string& interface, const std::string& own,
                         const std::string& subnet) {
  return {interface, Address::parse(own).value(), Prefix::parse(subnet).value()};
}

const InterfaceAddress lan4 = address("lan", "192.0.2.1", "192.0.2.0/24");
const InterfaceAddress lan6 = address("lan", "fd00::1", "fd00::/64");
const std::vector<InterfaceAddress> lan{lan4, lan6};

const std::string rules =
    "[rule corp]\non = any/443\nhost = .corp.example\nuse = direct\n"
    "[rule no-dot]\non = any/853\nuse = reject\n";
const std::string dns = "[rule dns]\non = any/53\nuse = ";
const std::string pihole = "[upstream pihole]\ntype = forward\nserver = 192.0.2.3:53\n";

// "LEVEL: TEXT | FIX" of each finding, with a resolver on this router or without.
std::vector<std::string> said(const std::string& text,
                              const std::vector<InterfaceAddress>& answering = {}) {
  const auto loaded = load_text(text);
  REQUIRE(loaded.configuration);
  const Configuration& configuration = *loaded.configuration;
  ServerPool pool;
  UpstreamAssembly assembly(configuration.upstreams, pool);
  std::vector<UsedUpstream> used;
  for (const RuleSettings& rule : configuration.rules) {
    used.push_back({assembly.get(rule.use).value(), {&rule}});
  }
  used.push_back({assembly.get(configuration.gateway.default_use).value(), {}});
  const Subject subject{
      .configuration = configuration, .ruleset = {}, .upstreams = std::move(used), .running = {}};
  std::vector<std::string> out;
  for (const Finding& finding : judge_host_names(subject, lan, answering)) {
    CHECK(finding.name == "host-names");
    out.push_back(std::string(name_of(finding.level)) + ": " + finding.text + " | " + finding.fix);
  }
  return out;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("without a rule that asks for a host, how clients look up names does not matter") {
  CHECK(said("[rule web]\non = tcp/443\nuse = direct\n", lan) ==
        Lines{"ok: no rule asks for a host name | "});
}

TEST_CASE("questions that no rule hands to weir are found, with the rule to write") {
  const std::string found =
      "warn: DNS answers do not pass weir: rules with 'host' know no name that a client has looked "
      "up, only what a connection names itself | ";
  CHECK(said(rules) == Lines{found + "add a rule: on = any/53, use = transparent"});
  CHECK(said(rules + dns + "bypass\n") ==
        Lines{found + "write into [rule dns]: use = transparent"});
  CHECK(said(rules + dns + "reject\nclient = 192.0.2.7\n") ==
        Lines{found + "add a rule: on = any/53, use = transparent"});
  CHECK(said(rules + dns + "transparent\n") ==
        Lines{"ok: DNS answers pass weir, by [rule dns] | "});
  CHECK(said("[gateway]\ndefault = direct\n" + rules + dns + "bypass\nclient = 192.0.2.7\n") ==
        Lines{"ok: DNS answers pass weir, by [gateway] default | "});
}

TEST_CASE("a resolver on this router answers past weir, until the file leads there as well") {
  const std::string found =
      "warn: a resolver on this router answers at 192.0.2.1, udp/53: its answers to clients do not "
      "pass weir, and rules with 'host' do not know what clients look up there | ";
  const std::string local =
      "set in [firewall]: local-services = yes, with [rule router] of docs/guides/names.md before "
      "other rules";
  const std::string named = "name the clients' interfaces in [firewall] interfaces";
  const std::string use = "write into [rule dns]: use = direct";
  CHECK(said(rules + dns + "transparent\n", lan) ==
        Lines{found + local + "; " + named + "; " + use});
  CHECK(said(rules + dns + "pihole\n" + pihole, lan) == Lines{found + local});
  const auto with = [&](const std::string& firewall, const std::string& more) {
    return said("[firewall]\nlocal-services = yes\n" + firewall + rules + dns + more, lan);
  };
  CHECK(with("", "direct\n") == Lines{found + named});
  CHECK(with("interfaces = lan\n", "transparent\n") == Lines{found + use});
  CHECK(with("interfaces = lan\n", "direct\n").front().starts_with("ok: "));
  CHECK(with("", "direct\ninterface = lan\n").front().starts_with("ok: "));
  CHECK(with("", "pihole\n" + pihole).front().starts_with("ok: "));
}

TEST_CASE("DNS over TLS is said, until some rule is for its port") {
  const std::string without = rules.substr(0, rules.find("[rule no-dot]"));
  CHECK(said(without + dns + "direct\n") ==
        Lines{"warn: DNS over TLS (port 853) passes by: rules with 'host' do not know what clients "
              "look up there | add a rule: on = any/853, use = reject; where it is to pass, use = "
              "bypass"});
  CHECK(said(without + dns + "direct\n[rule dot]\non = tcp/853\nuse = bypass\n")
            .front()
            .starts_with("ok: "));
}

TEST_CASE("a resolver among the clients is said: what asks it by its address does not pass weir") {
  CHECK(said(rules + dns + "pihole\n" + pihole) ==
        Lines{"ok: DNS answers pass weir, by [rule dns]; but not to clients that are told to ask "
              "192.0.2.3, which is in their own subnet: have DHCP tell them an address outside it "
              "| "});
}

TEST_CASE("an address answers where a socket is bound to it, or to all of its family") {
  const auto answering = [](const std::vector<std::string>& hearing) {
    std::vector<Address> bound;
    for (const std::string& one : hearing) {
      bound.push_back(Address::parse(one).value());
    }
    std::string out;
    for (const InterfaceAddress& one : answering_addresses(lan, bound)) {
      out += one.address.text() + " ";
    }
    return out;
  };
  CHECK(answering({}).empty());
  CHECK(answering({"127.0.0.53", "198.51.100.1"}).empty());
  CHECK(answering({"192.0.2.1"}) == "192.0.2.1 ");
  CHECK(answering({"0.0.0.0"}) == "192.0.2.1 ");
  CHECK(answering({"::"}) == "192.0.2.1 fd00::1 ");
  CHECK(answering({"fd00::1", "0.0.0.0"}) == "192.0.2.1 fd00::1 ");
}

}  // namespace weir::doctor
