// Each name server by itself: c-ares asks the next one when one is silent, after a timeout that
// every refresh then pays.
#include "doctor/checks.h"
#include "doctor/lookups.h"

namespace weir::doctor {

namespace {

// No server answered; it does not mean that there is no such name.
bool is_silent(const NameLookup& lookup) {
  return lookup.addresses.empty() && lookup.error.find("no such") == std::string::npos;
}

}  // namespace

Findings examine_name_servers(const Subject& subject) {
  const auto names = names_in(subject);
  if (names.empty()) {
    return {{"name-servers", Level::ok, "no server is given by name: not needed", ""}};
  }
  const auto& servers = subject.configuration.dns.servers;
  const Mark bypass = subject.ruleset.bypass_mark;
  const std::set<std::string> one{*names.begin()};
  const auto ask = [&](std::span<const Endpoint> whom) {
    return look_up(one, whom, bypass).at(*names.begin());
  };
  Findings findings;
  if (servers.empty()) {
    if (const NameLookup lookup = ask({}); is_silent(lookup)) {
      findings.push_back(
          {"name-servers", Level::fail,
           "the system's name servers do not resolve " + *names.begin() + ": " + lookup.error,
           "set [dns] servers to name servers that answer"});
    }
  }
  for (const Endpoint& server : servers) {
    if (const NameLookup lookup = ask(std::span(&server, 1)); is_silent(lookup)) {
      findings.push_back(
          {"name-servers", Level::fail,
           server.text() + " does not resolve " + *names.begin() + ": " + lookup.error,
           "remove it from [dns] servers, or repair it"});
    }
  }
  if (findings.empty()) {
    findings.push_back({"name-servers", Level::ok, "answer", ""});
  }
  return findings;
}

}  // namespace weir::doctor
