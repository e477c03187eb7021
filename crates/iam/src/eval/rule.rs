//! The rules of evaluation by name, so that a test can break each in turn and see that some case notices.

/// A rule that AWS documents. The evaluator asks whether it holds; outside of tests it always does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    DenyByDefault,
    ExplicitDenyWins,
    ActionsIgnoreCase,
    ResourcesMatchCase,
    NotActionInverts,
    NotResourceInverts,
    StarMatchesMany,
    QuestionMarkMatchesOne,
    ResourcesMatchBySegment,
    IncompleteArnsAreFilled,
    VariablesNameResourcesOnly,
    TypesHaveNoWildcards,
    ArnConditionsMatchBySegment,
    VariablesNeedTheNewVersion,
    MissingVariableMatchesNothing,
    VariableDefaultsApply,
    EscapesAreLiteral,
    VariableValuesAreLiteral,
    KeysIgnoreCase,
    ValuesAreAlternatives,
    ConditionsMustAllHold,
    NegatedValuesMustAllDiffer,
    AbsentKeyFails,
    AbsentKeyPassesNegation,
    IfExistsPassesAbsence,
    ForAllValuesPassesAbsence,
    ForAllValuesNeedsAll,
    ForAnyValueFailsAbsence,
    ForAnyValueNeedsOne,
    StringEqualsHasNoWildcards,
    StringEqualsMatchesCase,
    NullTestsAbsence,
    AddressesMatchByPrefix,
    NumbersCompareByValue,
    DatesCompareByInstant,
    BoundaryLimits,
    BoundaryGrantsNothing,
    UnknownOperatorIsUnproven,
    MalformedIsUnproven,
    ListForOneValueIsUnproven,
}

#[cfg(not(test))]
impl Rule {
    #[expect(clippy::unused_self, reason = "only a test can break a rule")]
    pub const fn holds(self) -> bool {
        true
    }
}

#[cfg(test)]
pub mod broken {
    use std::cell::Cell;

    use super::Rule;

    thread_local! {
        static BROKEN: Cell<Option<Rule>> = const { Cell::new(None) };
    }

    impl Rule {
        pub const ALL: [Rule; 40] = {
            use Rule::*;
            [
                DenyByDefault,
                ExplicitDenyWins,
                ActionsIgnoreCase,
                ResourcesMatchCase,
                NotActionInverts,
                NotResourceInverts,
                StarMatchesMany,
                QuestionMarkMatchesOne,
                ResourcesMatchBySegment,
                IncompleteArnsAreFilled,
                VariablesNameResourcesOnly,
                TypesHaveNoWildcards,
                ArnConditionsMatchBySegment,
                VariablesNeedTheNewVersion,
                MissingVariableMatchesNothing,
                VariableDefaultsApply,
                EscapesAreLiteral,
                VariableValuesAreLiteral,
                KeysIgnoreCase,
                ValuesAreAlternatives,
                ConditionsMustAllHold,
                NegatedValuesMustAllDiffer,
                AbsentKeyFails,
                AbsentKeyPassesNegation,
                IfExistsPassesAbsence,
                ForAllValuesPassesAbsence,
                ForAllValuesNeedsAll,
                ForAnyValueFailsAbsence,
                ForAnyValueNeedsOne,
                StringEqualsHasNoWildcards,
                StringEqualsMatchesCase,
                NullTestsAbsence,
                AddressesMatchByPrefix,
                NumbersCompareByValue,
                DatesCompareByInstant,
                BoundaryLimits,
                BoundaryGrantsNothing,
                UnknownOperatorIsUnproven,
                MalformedIsUnproven,
                ListForOneValueIsUnproven,
            ]
        };

        pub fn holds(self) -> bool {
            BROKEN.get() != Some(self)
        }
    }

    /// Runs the closure with one rule broken.
    pub fn with<T>(rule: Rule, run: impl FnOnce() -> T) -> T {
        BROKEN.set(Some(rule));
        let result = run();
        BROKEN.set(None);
        result
    }
}
