#include "cli/name_warnings.h"

#include <set>
#include <string>
#include <string_view>

#include "rules/conditions/table.h"
#include "rules/host_match.h"

namespace weir {
namespace {

// Keys of the sets that some `host` names.
std::set<std::string, std::less<>> asked_about_hosts(const Configuration& configuration) {
  std::set<std::string, std::less<>> out;
  for (const RuleSettings& rule : configuration.rules) {
    const RuleCondition* host = rule.find(host_condition);
    if (host == nullptr) {
      continue;
    }
    const HostCondition& list = host->as<HostMatch>().condition();
    for (const auto* sets : {&list.include_sets, &list.exclude_sets}) {
      for (const NameSet& set : *sets) {
        out.insert(set.key);
      }
    }
  }
  return out;
}

}  // namespace

std::vector<Diagnostic> name_warnings(const Configuration& configuration, const SetTable& sets) {
  const auto asked = asked_about_hosts(configuration);
  std::vector<Diagnostic> out;
  const auto warn = [&](const LoadedSet& set, const std::string& text) {
    out.push_back({Diagnostic::Severity::warning, set.settings.location,
                   set.settings.title() + " has " + text});
  };
  for (const LoadedSet& set : sets.sets()) {
    const std::size_t names = set.contents->names.size();
    // What has no list is there to be filled at run time.
    const bool is_listed = !set.settings.files.empty() || !set.settings.entries.empty();
    if (!asked.contains(set.settings.key())) {
      if (names != 0) {
        warn(set, std::to_string(names) +
                      (names == 1 ? " name, which matches" : " names, which match") +
                      " no address: 'client' and 'destination' are asked about addresses");
      }
    } else if (names == 0 && is_listed) {
      warn(set, "no name: 'host' is asked about names");
    }
  }
  return out;
}

}  // namespace weir
