#include "flow/compare.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

namespace weir {
namespace {

// Everything about a rule but where it stands.
bool same(const RuleSettings& a, const RuleSettings& b) {
  return a.conditions == b.conditions && a.use == b.use && a.max_flows == b.max_flows &&
         a.max_flows_per_client == b.max_flows_per_client && a.log == b.log;
}

template <typename Map, typename Same>
void differences(const Map& before, const Map& after, Same equal, std::vector<std::string>& added,
                 std::vector<std::string>& removed, std::vector<std::string>& changed) {
  for (const auto& [name, value] : after) {
    const auto old = before.find(name);
    if (old == before.end()) {
      added.push_back(name);
    } else if (!equal(old->second, value)) {
      changed.push_back(name);
    }
  }
  for (const auto& [name, value] : before) {
    if (!after.contains(name)) {
      removed.push_back(name);
    }
  }
}

std::map<std::string, const RuleSettings*> rules_of(const Snapshot& snapshot) {
  std::map<std::string, const RuleSettings*> out;
  for (const auto& rule : snapshot.configuration().rules) {
    out[rule.name] = &rule;
  }
  return out;
}

// By "UPSTREAM/SERVER": what the `server` line says.
std::map<std::string, std::string> servers_of(const Snapshot& snapshot) {
  std::map<std::string, std::string> out;
  for (const auto& upstream : snapshot.upstreams()) {
    const auto servers = upstream->servers();
    for (std::size_t i = 0; i < servers.size(); ++i) {
      const auto& identity = servers[i]->identity();
      const auto terms = upstream->server_set()->terms_of(i);
      out[identity.upstream + "/" + identity.name] =
          identity.host + ":" + std::to_string(identity.port) + " " + std::to_string(terms.weight) +
          (terms.is_backup ? " backup " : " ") + std::to_string(terms.max_flows) +
          (terms.source ? " " + std::to_string(static_cast<int>(terms.source->kind)) +
                              terms.source->address.text()
                        : "");
    }
  }
  return out;
}

const Settings* section_of(const Snapshot& snapshot, const std::string& name) {
  const auto& all = snapshot.configuration().upstreams;
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Settings& one) { return one.name() == name; });
  return found == all.end() ? nullptr : &*found;
}

// The lines are the same, and what is in the file that one of them names is not.
void note_password_files(const Snapshot& before, const Snapshot& after,
                         std::vector<std::string>& settings) {
  for (const auto& upstream : before.upstreams()) {
    const Settings* then = section_of(before, upstream->name());
    const Settings* now = section_of(after, upstream->name());
    if (then != nullptr && now != nullptr && then->same_values(*now) &&
        !upstream->is_up_to_date(*now)) {
      settings.push_back("[upstream " + upstream->name() + "] password-file (what is in it)");
    }
  }
}

}  // namespace

ConfigurationChanges compare(const Snapshot& before, const Snapshot& after) {
  ConfigurationChanges out;
  differences(
      rules_of(before), rules_of(after),
      [](const RuleSettings* a, const RuleSettings* b) { return same(*a, *b); }, out.rules_added,
      out.rules_removed, out.rules_changed);
  differences(
      servers_of(before), servers_of(after),
      [](const std::string& a, const std::string& b) { return a == b; }, out.servers_added,
      out.servers_removed, out.servers_changed);
  out.settings = settings_changed(before.configuration(), after.configuration());
  note_password_files(before, after, out.settings);
  return out;
}

std::optional<std::string> needs_restart(const Configuration& before, const Configuration& after) {
  std::string what;
  const auto note = [&](bool differs, const char* key) {
    if (differs) {
      what += (what.empty() ? "" : ", ") + std::string(key);
    }
  };
  note(before.gateway.port != after.gateway.port, "gateway.port");
  note(before.gateway.workers != after.gateway.workers, "gateway.workers");
  note(before.gateway.user != after.gateway.user, "gateway.user");
  note(before.firewall.mark != after.firewall.mark, "firewall.mark");
  note(before.firewall.bypass_mark != after.firewall.bypass_mark, "firewall.bypass-mark");
  note(before.admin.socket != after.admin.socket, "admin.socket");
  if (what.empty()) {
    return std::nullopt;
  }
  return what + " cannot change with a reload: restart weir";
}

}  // namespace weir
