#include "gateway/open_questions.h"

#include <vector>

#include "catch.h"

namespace weir {
namespace {

using Datagram = std::vector<std::uint8_t>;

Datagram question(std::uint16_t id) {
  Datagram out(12 + 5, 0);
  out[0] = static_cast<std::uint8_t>(id >> 8U);
  out[1] = static_cast<std::uint8_t>(id & 0xffU);
  out[2] = 1;  // RD
  return out;
}

Datagram answer(std::uint16_t id) {
  Datagram out = question(id);
  out[2] = 0x81;
  return out;
}

}  // namespace

TEST_CASE("a question waits until it is answered, and is answered once") {
  OpenQuestions questions;
  CHECK(questions.none());
  questions.asked(question(0x1234));
  CHECK_FALSE(questions.none());
  CHECK_FALSE(questions.answered(answer(0x1235)));
  CHECK_FALSE(questions.answered(answer(0x3412)));
  CHECK_FALSE(questions.none());
  CHECK(questions.answered(answer(0x1234)));
  CHECK(questions.none());
  CHECK_FALSE(questions.answered(answer(0x1234)));
  CHECK_FALSE(questions.is_track_lost());
}

TEST_CASE("answers may come in any order, and a question that is repeated is one question") {
  OpenQuestions questions;
  for (const std::uint16_t id : std::vector<std::uint16_t>{1, 2, 3, 2, 1}) {
    questions.asked(question(id));
  }
  for (const std::uint16_t id : std::vector<std::uint16_t>{2, 3}) {
    CHECK(questions.answered(answer(id)));
    CHECK_FALSE(questions.none());
  }
  CHECK(questions.answered(answer(1)));
  CHECK(questions.none());
}

TEST_CASE("more questions than are kept lose track, for good") {
  OpenQuestions questions;
  constexpr auto most = static_cast<std::uint16_t>(OpenQuestions::most);
  for (std::uint16_t id = 0; id < most; ++id) {
    questions.asked(question(id));
    CHECK_FALSE(questions.is_track_lost());
  }
  questions.asked(question(0));  // one of them
  CHECK_FALSE(questions.is_track_lost());
  questions.asked(question(most));
  CHECK(questions.is_track_lost());
  for (std::uint16_t id = 0; id < most; ++id) {
    CHECK(questions.answered(answer(id)));
  }
  CHECK(questions.none());
  CHECK(questions.is_track_lost());
}

TEST_CASE("what is no question, or no answer, loses track") {
  const Datagram whole = question(7);
  const Datagram its_answer = answer(7);
  for (std::size_t size = 0; size < 12; ++size) {
    OpenQuestions short_question;
    short_question.asked(std::span(whole).first(size));
    CHECK(short_question.is_track_lost());
    OpenQuestions short_answer;
    short_answer.asked(whole);
    CHECK_FALSE(short_answer.answered(std::span(its_answer).first(size)));
    CHECK(short_answer.is_track_lost());
  }
  OpenQuestions turned_round;
  turned_round.asked(answer(7));
  CHECK(turned_round.is_track_lost());
  OpenQuestions echoed;
  echoed.asked(whole);
  CHECK_FALSE(echoed.answered(whole));
  CHECK(echoed.is_track_lost());
}

}  // namespace weir
