// The condition `host`: the names that a rule's flows mean, with negations. No packet that opens a
// flow shows a name: the gateway decides it, and the firewall as far as clients have looked names
// up (firewall/name_rules.h).
#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <vector>

#include "base/machine.h"
#include "base/text.h"
#include "rules/conditions/condition.h"
#include "rules/conditions/glance.h"
#include "rules/conditions/set_words.h"
#include "rules/conditions/table.h"
#include "rules/host_match.h"
#include "sets/item.h"
#include "sets/name.h"

namespace weir {
namespace {

constexpr std::string_view no_name = "none";

bool is_no_name(std::string_view text) {
  return std::equal(text.begin(), text.end(), no_name.begin(), no_name.end(),
                    [](char a, char b) { return lowered(a) == b; });
}

// Nothing, where the text is a name or says why it is none.
std::string why_no_host(std::string_view text) {
  if (text.find("://") != std::string_view::npos) {
    return quoted(text) + " is a URL: write the name that is in it";
  }
  if (looks_like_address(text)) {
    return quoted(text) + " is no name: 'destination' is asked about addresses";
  }
  if (text == "any" || text == "all" || text == "*") {
    return quoted(text) +
           " is no name: leave the key out to match every flow, or write !none for every one with "
           "a name";
  }
  return "";
}

void add_host(std::string_view text, const SourceLocation& location, HostCondition& out,
              Findings& findings) {
  const bool negated = text.starts_with('!');
  text = trimmed(text.substr(negated ? 1 : 0));
  if (text.starts_with('@')) {
    (negated ? out.exclude_sets : out.include_sets).push_back({std::string(text.substr(1))});
  } else if (is_no_name(text)) {
    (negated ? out.excludes_none : out.wants_none) = true;
  } else if (const std::string why = why_no_host(text); !why.empty()) {
    findings.error(location, "'host': " + why);
  } else if (auto name = Name::parse(text)) {
    (negated ? out.exclude : out.include).push_back(std::move(name).value());
  } else {
    findings.error(location, "'host': " + name.error().text());
  }
}

// The items that a name has to be one of, or must not be.
std::vector<std::string> items_of(const std::vector<Name>& names,
                                  const std::vector<NameSet>& sets) {
  std::vector<std::string> out;
  std::transform(names.begin(), names.end(), std::back_inserter(out),
                 [](const Name& name) { return name.written(); });
  std::transform(sets.begin(), sets.end(), std::back_inserter(out),
                 [](const NameSet& set) { return set.text(); });
  return out;
}

std::string glance_at(const std::vector<std::string>& items) {
  return some_of(items, [](const std::string& text) { return text; });
}

std::string why_not_without_name(const HostCondition& list, KnownHost::State state) {
  const std::string who = state == KnownHost::State::none ? "no host name is known, and it wants "
                                                          : "no host name is known yet, and it "
                                                            "wants ";
  const auto wanted = items_of(list.include, list.include_sets);
  if (!wanted.empty()) {
    return who + glance_at(wanted);
  }
  const auto excluded = items_of(list.exclude, list.exclude_sets);
  return who + (excluded.empty() ? "one" : "one that is not in " + glance_at(excluded));
}

struct OfHost {
  using Parsed = HostMatch;
  static constexpr std::array keys{
      Key{.name = "host",
          .kind = ValueKind::list,
          .description =
              "host names that the rule matches: example.org is that name, *.example.org every "
              "name below it, .example.org both; @SET or @FILE; none: no name was seen; ! negates",
          .repeat = Key::Repeat::repeats,
          .at = Key::At::set}};
  static constexpr auto needs = ConditionType::Needs::host;

  static std::optional<Parsed> parse(const Settings& settings, Findings& findings) {
    HostCondition list;
    each_item(settings, "host",
              [&](const Value& item) { add_host(item.text, item.location, list, findings); });
    if (list.empty()) {
      return std::nullopt;
    }
    HostMatch match(std::move(list));
    if (!match.condition().has_sets() &&
        match.holds({.state = KnownHost::State::not_yet}) == Answer::no) {
      findings.warning(settings.location_of("host"), "no host is left: all of them are excluded");
    }
    return match;
  }

  static Answer holds(const Parsed& match, const FlowFacts& facts) {
    return match.holds(facts.host());
  }

  static std::string why_not(const Parsed& match, const FlowFacts& facts) {
    const HostCondition& list = match.condition();
    const KnownHost& host = facts.host();
    if (host.state != KnownHost::State::name) {
      return why_not_without_name(list, host.state);
    }
    const std::string who = "host " + std::string(host.name);
    if (const Name* name = match.excluding(host.name)) {
      return who + " is in !" + name->written();
    }
    for (const NameSet& set : list.exclude_sets) {
      if (set.contains(host.name)) {
        return who + " is in !" + words_of_match(set.text(), set.view->explain(host.name));
      }
    }
    std::vector<std::string> wanted = items_of(list.include, {});
    for (const NameSet& set : list.include_sets) {
      wanted.push_back(set.view == nullptr
                           ? set.text()
                           : words_of_miss(set.text(), set.view->explain(host.name)));
    }
    return wanted.empty() ? who + " is known, and it wants none"
                          : who + " is not in " + glance_at(wanted);
  }

  static std::vector<std::string> because(const Parsed& match, const FlowFacts& facts) {
    std::vector<std::string> out;
    const KnownHost& host = facts.host();
    for (const NameSet& set : match.condition().include_sets) {
      if (host.state == KnownHost::State::name && set.contains(host.name)) {
        out.push_back("host " + std::string(host.name) + " is in " +
                      words_of_match(set.text(), set.view->explain(host.name)));
      }
    }
    return out;
  }

  static bool covers(const Parsed& match, const Parsed* other) {
    return other != nullptr && match.covers(*other);
  }

  // What it says, whatever is in its sets.
  static void lower(const Parsed& match, firewall::Narrowing& rule) {
    const HostCondition& list = match.condition();
    std::string names;
    for (const std::string& item : items_of(list.include, list.include_sets)) {
      names += item + " ";
    }
    for (const std::string& item : items_of(list.exclude, list.exclude_sets)) {
      names += "!" + item + " ";
    }
    rule.ask_for_name(!match.may_want_name() ? "" : names + (list.names_some() ? "" : "*"));
  }

  static std::optional<Parsed> fit(const Parsed& match, const Machine& machine) {
    return machine.sets == nullptr ? std::nullopt : match.fitted(*machine.sets);
  }
};

}  // namespace

constinit const ConditionType host_condition = condition_type<OfHost>();

}  // namespace weir
