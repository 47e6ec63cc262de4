// SPDX-License-Identifier: Apache-2.0
// Functions of one integer, worked out by hand: ties, ends, functions that rise and fall.
#include "compile/passes/thresholds/curve.h"

#include <gmock/gmock.h>

#include "passes/pass_check.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

RealArray number(std::int64_t over, std::int64_t under = 1) {
  mpq_class q(static_cast<long>(over), static_cast<long>(under));
  q.canonicalize();
  return RealArray(Real(q));
}

Boundary boundary(std::int64_t over, std::int64_t under = 1, bool strict = false) {
  const Real at = number(over, under).values[0];
  return {at, at.to_double(), false, strict};
}

/// f(n / under).
Curve::Ptr of(ops::Function f, std::int64_t under = 1) {
  return Curve::function(f, Curve::line(number(1, under), RealArray()));
}

TEST(Curve, MeetsABoundaryExactlyWhereTheFunctionIsAlgebraic) {
  using enum ops::Function;
  const auto met = [](const Curve::Ptr& curve, const Boundary& b, std::int64_t n) {
    return curve->met({b}, n);
  };
  for (const auto& [f, at, n] : {std::tuple{kSigmoid, boundary(1, 2), 0},
                                 {kTanh, boundary(0), 0},
                                 {kErf, boundary(0), 0},
                                 {kExp, boundary(1), 0},
                                 {kLog, boundary(0), 1},
                                 {kSqrt, boundary(7), 49},
                                 {kSoftsign, boundary(3, 4), 3},
                                 {kSoftsign, boundary(-3, 4), -3}}) {
    Boundary strict = at;
    strict.strict = true;
    EXPECT_EQ(met(of(f), at, n), 1) << static_cast<int>(f);
    EXPECT_EQ(met(of(f), strict, n), 0) << static_cast<int>(f);
    EXPECT_EQ(met(of(f), strict, n + 1), 1) << static_cast<int>(f);
    if (f == kLog) continue;  // there is none of 0
    EXPECT_EQ(met(of(f), at, n - 1), 0) << static_cast<int>(f);
  }
}

TEST(Curve, DecidesWhatNoDoubleShows) {
  // e^-40 = 4.2e-18, so that 1 - sigmoid(40) is less than half a unit of a double below 1.
  EXPECT_EQ(of(ops::Function::kSigmoid)->met({boundary(1)}, 40), 0);
  EXPECT_EQ(of(ops::Function::kTanh)->met({boundary(1)}, 100), 0);
  EXPECT_EQ(of(ops::Function::kSoftplus)->met({boundary(40, 1, true)}, 40), 1);
}

TEST(Curve, StepsOfARisingFunctionAreFoundByHalving) {
  // sigmoid(n / 2) reaches 1/4 at ln(1/3) = -1.0986, 1/2 at 0, 3/4 at 1.0986: n = -2, 0, 3.
  const CurveSteps steps =
      steps_of(*of(ops::Function::kSigmoid, 2), {boundary(1, 4), boundary(1, 2), boundary(3, 4)},
               -1000000, 1000000);
  EXPECT_EQ(steps.first, 0);
  EXPECT_THAT(steps.ups, ElementsAre(-2, 0, 3));
  EXPECT_THAT(steps.downs, IsEmpty());
}

TEST(Curve, AFunctionThatFallsAndRisesHasStepsOfBothKinds) {
  // n * min(max(n + 3, 0), 6) / 6 for n = -4 .. 3: 0, 0, -1/3, -1/3, 0, 2/3, 5/3, 3.
  const Curve::Ptr x = Curve::line(number(1), RealArray());
  const Curve::Ptr gate = Curve::clamp(Curve::line(number(1), number(3)), number(0), number(6));
  const Curve::Ptr swish = Curve::product(Curve::product(x, gate), Curve::constant(number(1, 6)));
  EXPECT_FALSE(swish->rises());
  EXPECT_FALSE(swish->falls());
  const CurveSteps steps =
      steps_of(*swish, {boundary(-1, 3, true), boundary(0), boundary(5, 3), boundary(3)}, -4, 3);
  EXPECT_EQ(steps.first, 2);                      // 0 > -1/3 and 0 >= 0
  EXPECT_THAT(steps.downs, ElementsAre(-2, -2));  // -1/3 is neither
  EXPECT_THAT(steps.ups, ElementsAre(0, 0, 2, 3));
}

TEST(Curve, AFallingLineThroughARisingFunctionFalls) {
  const Curve::Ptr curve =
      Curve::function(ops::Function::kExp, Curve::line(number(-1), RealArray()));
  EXPECT_TRUE(curve->falls());
  const CurveSteps steps = steps_of(*curve, {boundary(1, 10), boundary(1)}, -5, 5);
  EXPECT_EQ(steps.first, 2);
  EXPECT_THAT(steps.downs, ElementsAre(1, 3));  // e^-2 = 0.135, e^-3 = 0.0498
}

TEST(Curve, RefusesWhatIsNotDefinedAndWhatWouldTakeForEver) {
  EXPECT_THAT(user_error_of([] { of(ops::Function::kSqrt)->met({boundary(1)}, -1); }),
              HasSubstr("not defined"));
  EXPECT_THAT(user_error_of([] { of(ops::Function::kLog)->met({boundary(1)}, 0); }),
              HasSubstr("clip its input"));
  const Curve::Ptr x = Curve::line(number(1), RealArray());
  EXPECT_THAT(
      user_error_of([&] { steps_of(*Curve::product(x, x), {boundary(1)}, 0, kMostPoints); }),
      HasSubstr("rises and falls"));
}

}  // namespace
}  // namespace assay
