// Can every server be reached from here? All at once, so that one that is silent costs the time of
// one.
#include <map>

#include "doctor/checks.h"
#include "doctor/connects.h"
#include "doctor/server_list.h"

namespace weir::doctor {

namespace {

constexpr Milliseconds connect_timeout{2'000};

std::string words(const Attempt& attempt) {
  switch (attempt.outcome) {
    case Attempt::Outcome::refused:
      return "refuses connections";
    case Attempt::Outcome::silent:
      return "does not answer";
    case Attempt::Outcome::failed:
      return attempt.error;
    default:
      return "answers";
  }
}

}  // namespace

Findings examine_servers(const Subject& subject) {
  const auto servers = known_servers(subject);
  std::vector<Attempt> attempts;
  std::vector<const KnownServer*> owners;
  for (const KnownServer& server : servers) {
    for (const Endpoint& endpoint : server.endpoints) {
      attempts.push_back({.remote = endpoint});
      owners.push_back(&server);
    }
  }
  try_connects(attempts, subject.ruleset.bypass_mark, connect_timeout);

  std::map<const KnownServer*, std::string> trouble;
  std::map<const UsedUpstream*, int> reached;  // servers that answer
  for (const KnownServer& server : servers) {
    bool answers = false;
    std::string said = server.endpoints.empty() ? server.error : "";
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      if (owners[i] != &server) {
        continue;
      }
      answers = answers || attempts[i].outcome == Attempt::Outcome::connected;
      if (attempts[i].outcome != Attempt::Outcome::connected) {
        said = attempts[i].remote.text() + " " + words(attempts[i]);
      }
    }
    reached[server.used] += answers ? 1 : 0;
    if (!answers) {
      trouble[&server] = said;
    }
  }

  Findings findings;
  for (const KnownServer& server : servers) {
    if (const auto found = trouble.find(&server); found != trouble.end()) {
      const bool none = reached[server.used] == 0;
      findings.push_back({"servers", none ? Level::fail : Level::warn,
                          server.name + ": " + found->second +
                              (none ? "; no server of its upstream can be reached" : ""),
                          "repair that server, or remove it from [upstream " +
                              server.used->upstream->name() + "]"});
    }
  }
  if (findings.empty()) {
    findings.push_back({"servers", Level::ok,
                        servers.empty() ? "none are configured"
                                        : "all " + std::to_string(servers.size()) + " answer",
                        ""});
  }
  return findings;
}

}  // namespace weir::doctor
