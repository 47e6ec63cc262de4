// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// What is known of an operator without looking at a node: each operator of ops.h states all of it
/// in its record, so that passes ask for a fact and name an operator only where they do its work.
/// Golden does not look at these: it decides from the operators' definitions on its own.
namespace assay {

/// What an element of the (first) output is made of.
enum class Elements : std::uint8_t {
  kSame,        ///< it is the element of input 0 at its own place
  kReshaped,    ///< the same in row-major order; the shape is another one
  kPermuted,    ///< the same with the axes in another order
  kPicked,      ///< it is some element of input 0
  kFilled,      ///< it is some element of input 0, or one number that fills what lies outside
  kJoined,      ///< it is some element of one of the inputs
  kMapped,      ///< a function of the inputs' elements at its own place; all inputs broadcast
  kParameters,  ///< a function of the input's element at its own place, with parameters that may
                ///< belong to an axis
  kRows,        ///< a function of all elements along one axis
  kWindows,     ///< a function of the elements in a window of its channel
  kProducts,    ///< a sum of products of elements of inputs 0 and 1
  kNone         ///< of no element: shapes alone decide it
};

/// Which numbers the output may hold.
enum class Values : std::uint8_t {
  kInputs,     ///< those of input 0
  kFollow,     ///< those that infer_data_types derives from the data types of the inputs
  kReals,      ///< any real numbers
  kAnnotated,  ///< no rule is known: a data type that the file states stays
};

/// What becomes of the meaning of input 0's axes.
enum class Axes : std::uint8_t {
  kKept,       ///< inputs of full rank and the output have one layout
  kFeatures,   ///< the last axis becomes another one of features, the others stay
  kRegrouped,  ///< fields or inputs of the node say
  kDemanded,   ///< the output has the layout that the operator demands of its input
};

/// The layout of input 0 that the operator itself demands.
enum class Demands : std::uint8_t {
  kAny,
  kChannelsFirst,
  kChannelsLast,
  kMatrix,   ///< [N, C]
  kDeclared  ///< Op::declared_layout() of the node
};

/// What becomes of the order of input 0's elements, where the other inputs are parameters.
enum class Order : std::uint8_t {
  kRises,       ///< a larger element gives a larger one, wherever both lie
  kRisesRows,   ///< the same among elements along the node's axis
  kNeverFalls,  ///< a larger element gives none that is smaller, in one channel
  kFree
};

/// Whether it makes integers of real numbers, or stands for them.
enum class Quantises : std::uint8_t {
  kNo,
  kYes,
  kIntegers  ///< of integers alone, in graphs that have no real numbers any more
};

/// Without defaults: an operator that leaves one out does not compile.
struct Traits {
  Elements elements;
  Values values;
  Axes axes;
  Demands demands;
  Order order;
  Quantises quantises;
  constexpr Traits(Elements e, Values v, Axes a, Demands d, Order o, Quantises q)
      : elements(e), values(v), axes(a), demands(d), order(o), quantises(q) {}
};

/// What nobody knows of a hardware layer, whose meaning is its own (hw_ops.h).
inline constexpr Traits kLayerTraits{Elements::kParameters, Values::kAnnotated, Axes::kRegrouped,
                                     Demands::kAny,         Order::kFree,       Quantises::kNo};

}  // namespace assay
