// The condition `when`: windows of the week, and whether live flows follow them. Fitted to a clock
// it holds or does not, until it is fitted to a later time: rules/timetable.cc says why. What was
// fitted to none holds at any time, and the firewall leaves its rule to the gateway.
#include <array>
#include <cstdint>
#include <memory>

#include "base/machine.h"
#include "rules/conditions/at_change.h"
#include "rules/conditions/condition.h"
#include "rules/timetable.h"

namespace weir {
namespace {

struct When {
  struct Parsed {
    Windows windows;
    enum class AtChange : std::uint8_t { keep, close } at_change = AtChange::keep;
    std::shared_ptr<const LocalClock> clock = nullptr;  // that it is fitted to
    std::optional<std::chrono::sys_seconds> until = std::nullopt;
    bool is_open = true;

    // It may have been fitted to two times of one window.
    friend bool operator==(const Parsed& a, const Parsed& b) {
      return a.windows == b.windows && a.at_change == b.at_change && a.is_open == b.is_open &&
             a.until == b.until && (a.clock == nullptr) == (b.clock == nullptr);
    }
  };
  static constexpr std::array keys{
      Key{.name = "when",
          .kind = ValueKind::list,
          .description =
              "windows of the week in the router's time zone: DAYS, FROM-TO or both, like "
              "mon-fri 20:00-07:00, sat, sun 9:00-12:00",
          .repeat = Key::Repeat::repeats},
      Key{.name = "at-change",
          .kind = ValueKind::word,
          .default_value = "keep",
          .description = "with when: live flows that a window gives to this rule, or takes from "
                         "it, stay where they are (keep), or end (close)",
          .choices = "keep, close"}};

  static std::optional<Parsed> parse(const Settings& settings, Findings& findings) {
    Windows all;
    each_item(settings, "when", [&](const Value& item) {
      if (const auto windows = Windows::parse(item.text)) {
        all.add(windows.value());
      } else {
        findings.error(item.location, "'when': " + windows.error().text());
      }
    });
    if (!settings.given("when") && settings.given("at-change")) {
      findings.error(settings.location_of("at-change"),
                     "'at-change' is for rules with 'when': no window of this one changes");
    }
    if (all.text().empty()) {
      return std::nullopt;
    }
    if (all.always()) {
      findings.warning(settings.location_of("when"),
                       "these windows are the whole week: leave 'when' out");
    }
    const bool closes = settings.text("at-change") == "close";
    return Parsed{.windows = std::move(all),
                  .at_change = closes ? Parsed::AtChange::close : Parsed::AtChange::keep};
  }

  static Answer holds(const Parsed& when, const FlowFacts& /*facts*/) {
    return answer(when.is_open);
  }

  static std::string why_not(const Parsed& when, const FlowFacts& /*facts*/) {
    return weir::why_not(when.windows, when.clock->now, when.clock->zone);
  }

  static bool covers(const Parsed& when, const Parsed* other) {
    return other == nullptr ? when.windows.always() : when.windows.covers(other->windows);
  }

  static std::optional<Parsed> fit(const Parsed& when, const Machine& machine) {
    if (machine.clock == nullptr) {
      return std::nullopt;
    }
    const auto& [now, zone, problem] = *machine.clock;
    return Parsed{.windows = when.windows,
                  .at_change = when.at_change,
                  .clock = machine.clock,
                  .until = next_change(when.windows, now, zone),
                  .is_open = weir::holds(when.windows, now, zone)};
  }

  static std::optional<std::chrono::sys_seconds> changes_at(const Parsed& when) {
    return when.until;
  }

  static std::string clock_state(const Parsed& when) {
    return when.clock == nullptr
               ? ""
               : clock_state_text(when.windows, when.clock->now, when.clock->zone) +
                     (when.at_change == Parsed::AtChange::close ? " (at-change = close)" : "");
  }

  static void lower(const Parsed& when, firewall::Narrowing& rule) {
    if (when.clock == nullptr) {
      rule.ask_gateway();
    } else if (!when.is_open) {
      rule.to_nothing();
    }
  }
};

}  // namespace

extern const ConditionType when_condition;
constinit const ConditionType when_condition = condition_type<When>();

bool ends_flows(const RuleCondition& condition) {
  return &condition.type() == &when_condition &&
         condition.as<When::Parsed>().at_change == When::Parsed::AtChange::close;
}

}  // namespace weir
