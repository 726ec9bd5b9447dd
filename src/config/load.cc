#include "config/load.h"

#include <utility>
#include <vector>

#include "config/agreement.h"
#include "config/documents.h"
#include "config/files.h"
#include "config/findings.h"
#include "config/section_set.h"
#include "config/sections.h"
#include "config/set_names.h"
#include "config/set_section.h"

namespace weir {
namespace {

// What a list of a rule calls a set becomes that set's key.
void name_sets(ConditionTypes conditions, SetNames& names, Settings& rule, Findings& findings) {
  for (const ConditionType* type : conditions) {
    for (const Key& key : type->keys) {
      if (key.at == Key::At::set) {
        rule.edit(key.name, [&](Value& list) { names.resolve(list, findings); });
      }
    }
  }
}

void take_rules(const SectionSet& sections, ConditionTypes conditions, Configuration& out,
                Findings& findings) {
  std::vector<SetSettings> named;
  named.reserve(sections.sets.size());
  for (const CheckedSection& set : sections.sets) {
    named.push_back(set_section(set.settings, findings));
  }
  SetNames names(std::move(named));
  out.rules.reserve(sections.rules.size());
  for (const CheckedSection& rule : sections.rules) {
    Settings settings = rule.settings;
    name_sets(conditions, names, settings, findings);
    out.rules.push_back(rule_section(settings, conditions, findings));
  }
  out.sets = names.take_used(findings);
}

Configuration values_of(const std::string& file, const SectionSet& sections, const Schema& schema,
                        const Files& files, Findings& findings) {
  const auto unnamed = [&](std::string_view kind) -> const Settings& {
    return sections.unnamed.at(kind).settings;
  };
  Configuration out;
  out.file = file;
  out.gateway = gateway_section(unnamed("gateway"));
  out.firewall = firewall_section(unnamed("firewall"), files, findings);
  out.limits = limits_section(unnamed("limits"));
  out.timeouts = timeouts_section(unnamed("timeouts"));
  out.dns = dns_section(unnamed("dns"), findings);
  out.log = log_section(unnamed("log"), findings);
  out.admin = admin_section(unnamed("admin"), findings);
  out.devices = devices_section(unnamed("devices"), findings);
  take_rules(sections, schema.conditions, out, findings);
  for (const CheckedSection& upstream : sections.upstreams) {
    out.upstreams.push_back(upstream.settings);
  }
  return out;
}

void ask_policies(const Configuration& configuration, const Schema& schema, Findings& findings) {
  if (!schema.check_upstream) {
    return;
  }
  for (const Settings& upstream : configuration.upstreams) {
    for (const Diagnostic& finding : schema.check_upstream(upstream, configuration.upstreams)) {
      if (finding.severity == Diagnostic::Severity::error) {
        findings.error(finding.location, finding.text);
      } else {
        findings.warning(finding.location, finding.text);
      }
    }
  }
}

}  // namespace

Loaded load_configuration(const std::string& file, const Schema& schema, const Files& files) {
  Findings findings;
  const Documents documents = read_documents(file, files, findings);
  const SectionSet sections = read_sections(file, documents, schema, files, findings);
  Configuration configuration = values_of(file, sections, schema, files, findings);
  check_pairs(sections, findings);
  check_machine(sections, files, findings);
  ask_policies(configuration, schema, findings);
  check_references(configuration, documents, schema, findings);

  Loaded out;
  if (findings.errors() == 0) {
    out.configuration = std::move(configuration);
  }
  out.diagnostics = findings.take();
  return out;
}

Loaded load_configuration(const std::string& file, const Schema& schema) {
  return load_configuration(file, schema, SystemFiles());
}

Result<std::string> control_socket_in(const std::string& file, const Files& files) {
  Findings findings;
  Documents documents = read_documents(file, files, findings);
  for (const Diagnostic& finding : findings.take()) {
    if (finding.severity == Diagnostic::Severity::error && finding.location.line == 0 &&
        finding.location.file == file) {
      return Error(file + " " + finding.text);
    }
  }
  std::erase_if(documents.sections,
                [](const IniSection& section) { return !section.title.starts_with("admin"); });
  const SectionSet sections = read_sections(file, documents, {}, files, findings);
  return admin_section(sections.unnamed.at("admin").settings, findings).socket;
}

Result<std::string> control_socket_in(const std::string& file) {
  return control_socket_in(file, SystemFiles());
}

}  // namespace weir
