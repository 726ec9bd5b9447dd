#include "config/section_set.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/suggest.h"
#include "config/section_reader.h"

namespace weir {
namespace {

const std::string* type_of(const IniSection& section) {
  const auto entry = std::find_if(section.entries.begin(), section.entries.end(),
                                  [](const IniEntry& one) { return one.key == "type"; });
  return entry == section.entries.end() ? nullptr : &entry->value;
}

class Sections {
 public:
  Sections(const Schema& schema, const Files& files, Findings& findings)
      : schema_(schema), files_(files), findings_(findings) {}

  SectionSet read(const std::string& file, const Documents& documents) {
    for (const IniSection& section : documents.sections) {
      take(section);
    }
    for (const SectionKind& kind : section_kinds()) {
      if (kind.naming == SectionKind::Naming::none) {
        out_.unnamed.try_emplace(kind.name,
                                 CheckedSection{Settings("", SourceLocation{file, 0}, kind.keys)});
      }
    }
    return std::move(out_);
  }

 private:
  void take(const IniSection& section) {
    const auto title = read_title(section, findings_);
    if (!title) {
      return;
    }
    check_unique(section, *title);
    const std::size_t errors = findings_.errors();
    CheckedSection read{
        read_section(section, title->name, table_of(section, *title->kind), files_, findings_)};
    read.sound = findings_.errors() == errors;
    if (title->kind->name == "rule") {
      out_.rules.push_back(std::move(read));
    } else if (title->kind->name == "set") {
      out_.sets.push_back(std::move(read));
    } else if (title->kind->name == "upstream") {
      check_upstream(section, title->name, read);
      out_.upstreams.push_back(std::move(read));
    } else {
      out_.unnamed.try_emplace(title->kind->name, std::move(read));
    }
  }

  void check_unique(const IniSection& section, const SectionTitle& title) {
    const auto [first, is_new] =
        first_.emplace(std::pair(title.kind->name, title.name), section.location);
    if (is_new) {
      return;
    }
    findings_.error(section.location, "[" + section.title + "] appears a second time" +
                                          first_at(first->second, section.location));
  }

  // The known type that is nearest to an unknown one: the section is meant to have its keys.
  [[nodiscard]] const PolicyType* meant_by(const IniSection& section) const {
    const std::string* type = type_of(section);
    std::vector<std::string_view> names;
    for (const PolicyType& policy : schema_.policies) {
      names.push_back(policy.name);
    }
    const std::string_view meant = type == nullptr ? "" : nearest(*type, names);
    for (const PolicyType& policy : schema_.policies) {
      if (policy.name == meant) {
        return &policy;
      }
    }
    return nullptr;
  }

  [[nodiscard]] const PolicyType* policy_of(const IniSection& section) const {
    const std::string* type = type_of(section);
    for (const PolicyType& policy : schema_.policies) {
      if (type != nullptr && policy.name == *type) {
        return &policy;
      }
    }
    return nullptr;
  }

  [[nodiscard]] KeyTable table_of(const IniSection& section, const SectionKind& kind) const {
    KeyTable table{.keys = keys_of(kind, schema_.conditions),
                   .elsewhere = [this](std::string_view key) {
                     return other_section(key, schema_.conditions);
                   }};
    if (kind.name != "upstream") {
      return table;
    }
    const PolicyType* exact = policy_of(section);
    const PolicyType* policy = exact != nullptr ? exact : meant_by(section);
    if (policy != nullptr) {  // its rows come first: they may say a shared key differently
      table.keys.insert(table.keys.end(), policy->keys.begin(), policy->keys.end());
    } else {
      for (const PolicyType& any : schema_.policies) {
        for (const Key& row : any.keys) {
          table.possible.push_back(row.name);
        }
      }
    }
    table.keys.insert(table.keys.end(), schema_.upstream_keys.begin(), schema_.upstream_keys.end());
    table.elsewhere = [this](std::string_view key) {
      for (const PolicyType& other : schema_.policies) {
        for (const Key& row : other.keys) {
          if (row.name == key) {
            return ", it belongs to type = " + std::string(other.name);
          }
        }
      }
      return other_section(key, schema_.conditions);
    };
    return table;
  }

  void check_upstream(const IniSection& section, const std::string& name, CheckedSection& read) {
    const auto& builtins = schema_.builtins;
    if (std::find(builtins.begin(), builtins.end(), name) != builtins.end()) {
      findings_.error(section.location, "'" + name + "' is the name of a built-in upstream");
    }
    if (policy_of(section) != nullptr || !read.settings.given("type")) {
      return;
    }
    read.sound = false;
    std::vector<std::string_view> names;
    std::string known;
    for (const PolicyType& policy : schema_.policies) {
      names.push_back(policy.name);
      known += (known.empty() ? "" : ", ") + std::string(policy.name);
    }
    const std::string& type = read.settings.text("type");
    findings_.error(
        read.settings.location_of("type"),
        "unknown type '" + type + "'" + did_you_mean(type, names) + " (one of " + known + ")");
  }

  const Schema& schema_;
  const Files& files_;
  Findings& findings_;
  SectionSet out_;
  std::map<std::pair<std::string_view, std::string>, SourceLocation> first_;
};

}  // namespace

SectionSet read_sections(const std::string& file, const Documents& documents, const Schema& schema,
                         const Files& files, Findings& findings) {
  return Sections(schema, files, findings).read(file, documents);
}

}  // namespace weir
