#include "config/agreement.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/suggest.h"
#include "config/section_reader.h"

namespace weir {
namespace {

// The line to blame: a key that the operator wrote rather than one that has its default.
SourceLocation blamed(const Settings& settings, std::string_view first,
                      std::string_view otherwise) {
  return settings.location_of(settings.given(first) ? first : otherwise);
}

void check_marks(const SectionSet& sections, Findings& findings) {
  const CheckedSection& firewall = sections.unnamed.at("firewall");
  if (!firewall.sound) {
    return;
  }
  const Mark mark = firewall.settings.mark("mark");
  const Mark bypass = firewall.settings.mark("bypass-mark");
  if ((mark.mask & bypass.mask) != 0) {
    findings.error(blamed(firewall.settings, "bypass-mark", "mark"),
                   "the masks of 'mark' and 'bypass-mark' share bits: give each bits of its own");
  }
  for (const CheckedSection& upstream : sections.upstreams) {
    if (!upstream.settings.given("mark")) {
      continue;
    }
    const Mark own = upstream.settings.mark("mark");
    for (const auto& [other, name] : {std::pair(mark, "mark"), std::pair(bypass, "bypass-mark")}) {
      if ((own.mask & other.mask) != 0) {
        findings.error(
            upstream.settings.location_of("mark"),
            "'mark': the mask shares bits with '" + std::string(name) + "' of [firewall]");
      }
    }
  }
}

// True when a section that was refused would define the name, or a file that could not be read may.
bool may_be_defined(const std::string& name, const Documents& documents) {
  const auto mentions = [&](const std::string& title) {
    return title.find(name) != std::string::npos;
  };
  const auto would_define = [&](const IniSection& section) {
    const std::string_view kind = kind_in(section.title);
    return (kind == "upstream" || find_section_kind(kind) == nullptr) &&
           name_in(section.title) == name;
  };
  return documents.extent == Documents::Extent::partial ||
         std::any_of(documents.broken_titles.begin(), documents.broken_titles.end(), mentions) ||
         std::any_of(documents.sections.begin(), documents.sections.end(), would_define);
}

// The rows of an [upstream] whose values are names of other upstreams.
std::vector<const Key*> references_of(const Settings& upstream, const Schema& schema) {
  std::vector<const Key*> out;
  const auto take = [&](std::span<const Key> rows) {
    for (const Key& row : rows) {
      if (row.refers == Key::Refers::to_upstreams && upstream.given(row.name)) {
        out.push_back(&row);
      }
    }
  };
  take(schema.upstream_keys);
  const std::string type = upstream.text_or_empty("type");
  for (const PolicyType& policy : schema.policies) {
    if (policy.name == type) {
      take(policy.keys);
    }
  }
  return out;
}

// What the operator probably meant by a name that no upstream has, for the end of a sentence: a
// slip, the word of another firewall, a comment, a list without commas.
std::string meaning_of(const std::string& name, std::span<const std::string_view> known) {
  if (name.find(" #") != std::string::npos || name.find(';') != std::string::npos) {
    return "; a comment after a value begins with ' ;'";
  }
  if (name.find_first_of(" \t") != std::string::npos) {
    return "; names in a list are separated by commas";
  }
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> elsewhere{
      std::pair{"accept", "bypass"}, {"allow", "bypass"}, {"pass", "bypass"},
      {"permit", "bypass"},          {"block", "reject"}, {"deny", "reject"},
      {"refuse", "reject"},          {"none", "bypass"}};
  std::string hint = did_you_mean(name, known);
  for (const auto& [word, here] : elsewhere) {
    if (name == word && std::find(known.begin(), known.end(), here) != known.end()) {
      hint = ", did you mean '" + std::string(here) + "'?";
    }
  }
  return hint;
}

}  // namespace

void check_pairs(const SectionSet& sections, Findings& findings) {
  check_marks(sections, findings);
  const CheckedSection& dns = sections.unnamed.at("dns");
  if (dns.sound && dns.settings.duration("min-ttl") > dns.settings.duration("max-ttl")) {
    findings.error(blamed(dns.settings, "min-ttl", "max-ttl"),
                   "'min-ttl' is longer than 'max-ttl'");
  }
  const CheckedSection& limits = sections.unnamed.at("limits");
  const std::int64_t max = limits.settings.number("max-flows");
  if (limits.sound && max != 0 && limits.settings.number("max-flows-per-client") > max) {
    findings.warning(limits.settings.location_of("max-flows-per-client"),
                     "'max-flows-per-client' is larger than 'max-flows' and never reached");
  }
}

void check_machine(const SectionSet& sections, const Files& files, Findings& findings) {
  const Settings& gateway = sections.unnamed.at("gateway").settings;
  if (gateway.given("user") && !files.has_user(gateway.text("user"))) {
    findings.error(gateway.location_of("user"),
                   "'user': there is no such user: '" + gateway.text("user") + "'");
  }
  constexpr std::string_view file = "file:/";
  const Settings& log = sections.unnamed.at("log").settings;
  if (!log.given("target") || !log.text("target").starts_with(file)) {
    return;
  }
  const std::string path = log.text("target").substr(file.size() - 1);
  const std::string folder = path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
  if (!files.has_folder(folder)) {
    findings.error(log.location_of("target"), "'target': there is no folder '" + folder + "'");
  }
}

void check_references(const Configuration& configuration, const Documents& documents,
                      const Schema& schema, Findings& findings) {
  std::vector<std::string_view> known(schema.builtins.begin(), schema.builtins.end());
  for (const Settings& upstream : configuration.upstreams) {
    known.push_back(upstream.name());
  }
  const std::set<std::string_view> defined(known.begin(), known.end());
  std::set<std::string_view> used;
  const auto refer = [&](const std::string& name, const SourceLocation& location) {
    used.insert(name);
    if (name.empty() || defined.contains(name) || may_be_defined(name, documents)) {
      return;
    }
    const bool type = std::any_of(schema.policies.begin(), schema.policies.end(),
                                  [&](const PolicyType& policy) { return policy.name == name; });
    findings.error(location, type ? "'" + name +
                                        "' is a type, not an upstream: write an [upstream NAME] "
                                        "with type = " +
                                        name + ", and NAME here"
                                  : "unknown upstream '" + name + "'" + meaning_of(name, known));
  };
  refer(configuration.gateway.default_use, configuration.gateway.default_location);
  for (const RuleSettings& rule : configuration.rules) {
    refer(rule.use, rule.use_location);
  }
  for (const Settings& upstream : configuration.upstreams) {
    for (const Key* row : references_of(upstream, schema)) {
      for (const Value& value : upstream.all(row->name)) {
        if (row->kind == ValueKind::list) {
          for (const Value& item : value.items) {
            refer(item.text, item.location);
          }
        } else {
          refer(value.text, value.location);
        }
      }
    }
  }
  if (findings.errors() != 0) {
    return;  // what is unused may be so only because of them
  }
  for (const Settings& upstream : configuration.upstreams) {
    if (!used.contains(upstream.name())) {
      findings.warning(upstream.location(),
                       "[upstream " + upstream.name() + "] is used by no rule");
    }
  }
}

}  // namespace weir
