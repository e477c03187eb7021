//! The wiring: which resources a stack consists of, and what each needs. One line a resource.

mod check;
mod logs;
mod names;
mod retired;
mod targets;
mod unsaid;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::blueprint::{Blueprint, Blueprints, Form};
use crate::cloud::{Cloud, Identity};
use crate::config::{Auth, Config, Issuer, LogPolicy, Site, Trigger};
use crate::resources::{
    AccessControl, Api, Attachments, Authorizer, Beside, BucketPolicy, Code, Distribution,
    EdgeFunction, EventSource, Function, LogGroup, Permission, Pins, Policy, Queue, Queues,
    Release, Rights, Role, Routes, Schedule, ScheduleGroup, ScheduleRole, Secret, SiteBucket,
    SiteFiles, Source, Table, Trust, UserPool,
};
pub use check::{check, check_function};
use engine::{Graph, Handle, Id, Outcome};
use iam::document::Document;
pub use logs::{MANAGED_LOGS, logs_policy};
pub use names::DomainParts;
use package::Artifact;
pub use retired::{Surplus, retired};
use targets::targets;
pub use unsaid::unsaid;

/// The resources of one stack and stage, with a typed handle for each that others ask for.
pub struct Stack {
    pub graph: Graph,
    /// By their keys in `stack.toml`.
    pub tables: BTreeMap<String, Handle<Table>>,
    /// By their keys in `stack.toml`.
    pub secrets: BTreeMap<String, Handle<Secret>>,
    /// By their keys in `stack.toml`.
    pub functions: BTreeMap<String, Parts>,
    /// Absent when no function takes requests.
    pub http: Option<Http>,
    /// Absent when the file says of no frontend.
    pub site: Option<SiteParts>,
    /// Absent when the file says of no names.
    pub domain: Option<DomainParts>,
    /// Whether the headers of the site's files are left unread.
    contents_alone: Arc<AtomicBool>,
    /// Whether nothing of the functions' settings is looked at but which secrets they read.
    pins_alone: Arc<AtomicBool>,
    /// What starts functions besides requests.
    starting: Vec<Id>,
    /// The key of the function that this run is about.
    about: String,
}

/// One function, and what belongs to it alone.
pub struct Parts {
    /// Absent when the code needs no rights but those of its log.
    pub data_policy: Option<Handle<Policy>>,
    pub log_group: Handle<LogGroup>,
    pub code: Handle<Code>,
    pub function: Handle<Function>,
    /// The secrets that it reads.
    pub pins: Pins,
    pub release: Handle<Release>,
    /// Absent when it takes no requests.
    pub permission: Option<Handle<Permission>>,
    /// Where the rights of the role come from.
    pub rights: Rights,
}

/// The API in front of the functions.
#[derive(Clone, Copy)]
pub struct Http {
    pub api: Handle<Api>,
    pub routes: Handle<Routes>,
    /// The stack's own users, where it has some.
    pub users: Option<Handle<UserPool>>,
}

/// The frontend.
#[derive(Clone, Copy)]
pub struct SiteParts {
    pub bucket: Handle<SiteBucket>,
    pub access_control: Handle<AccessControl>,
    pub function: Handle<EdgeFunction>,
    policy: Handle<BucketPolicy>,
    pub distribution: Handle<Distribution>,
    pub files: Handle<SiteFiles>,
}

impl Stack {
    /// The stack as the file and the code want it.
    pub fn wanted(
        cloud: &Cloud,
        config: &Config,
        blueprints: &Blueprints,
        source: impl Fn(&Config) -> Source,
    ) -> Self {
        Self::new(cloud, config, Some(blueprints), source)
    }

    /// The stack as it may be found by its names, to be read, moved or deleted: nothing is known of what the code wants.
    pub fn located(cloud: &Cloud, config: &Config, source: impl Fn(&Config) -> Source) -> Self {
        Self::new(cloud, config, None, source)
    }

    fn new(
        cloud: &Cloud,
        config: &Config,
        blueprints: Option<&Blueprints>,
        source: impl Fn(&Config) -> Source,
    ) -> Self {
        let mut graph = Graph::default();
        let tables: BTreeMap<_, _> = config
            .tables
            .values()
            .map(|table| (table.key.clone(), graph.add(Table::new(cloud, config, table))))
            .collect();
        // A query of an index that is not there yet fails.
        let indexed = config.tables.values().filter(|table| !table.indexes.is_empty());
        let indexed: Vec<Id> = indexed.map(|table| tables[&table.key].id).collect();
        let queues = queues(cloud, config, &mut graph);
        let secrets: BTreeMap<_, _> = config
            .secrets()
            .into_iter()
            .map(|key| (key.to_owned(), graph.add(Secret::new(cloud, config, key))))
            .collect();
        let (keeps, pins_alone) = <_>::default();
        let mut wiring = Wiring { cloud, graph, indexed, queues, secrets, keeps, pins_alone };
        let functions = config.each_function().map(|config| {
            let key = &config.function().key;
            let blueprint = blueprints.map(|blueprints| &blueprints[key]);
            (key.clone(), wiring.function(&config, blueprint, source(&config)))
        });
        let mut functions: BTreeMap<_, _> = functions.collect();
        let http = wiring.http(config, blueprints, &mut functions);
        let mut starting: Vec<Id> = wiring.queues.values().flatten().map(|one| one.id).collect();
        starting.extend(wiring.triggers(config, &tables, &functions));
        let contents_alone = Arc::default();
        let site = wiring.site(config, http, &contents_alone);
        let domain = wiring.names(config, site, http, blueprints.is_some());
        let Wiring { graph, secrets, pins_alone, .. } = wiring;
        let about = config.function().key.clone();
        Self {
            graph,
            tables,
            secrets,
            functions,
            http,
            site,
            domain,
            contents_alone,
            pins_alone,
            starting,
            about,
        }
    }

    /// The function that this run is about.
    pub fn main(&self) -> &Parts {
        &self.functions[&self.about]
    }

    /// The alias of a function, to be moved outside of a plan.
    pub fn alias(&self, cloud: &Cloud, config: &Config) -> Release {
        let parts = &self.functions[&config.function().key];
        let (function, log_group, code) = (parts.function, parts.log_group, parts.code);
        Release::new(cloud, config, function, log_group, code, parts.rights.clone())
    }

    /// The distribution, to be looked for outside of a plan; only of a stack with a site.
    pub fn distribution(
        &self,
        cloud: &Cloud,
        config: &Config,
        site: &Site,
    ) -> Option<Distribution> {
        let SiteParts { bucket, access_control, function, .. } = self.site?;
        let api = self.http.map(|http| http.api);
        let beside = Beside { bucket, access_control, function, api };
        Some(Distribution::new(cloud, config, site, beside))
    }

    /// The files of the site, to be gone back to outside of a plan.
    pub fn site_files(&self, cloud: &Cloud, config: &Config, site: &Site) -> Option<SiteFiles> {
        let SiteParts { bucket, policy, .. } = self.site?;
        let front = self.distribution(cloud, config, site)?;
        Some(SiteFiles::new(cloud, config, site, bucket, policy, front, Arc::default()))
    }

    /// Compares the files of the site by their content alone, from now on.
    pub fn look_at_contents_alone(&self) {
        self.contents_alone.store(true, Ordering::Relaxed);
    }

    /// Compares and changes nothing of the functions' settings but which secrets they read, from now on.
    pub fn look_at_pins_alone(&self) {
        self.pins_alone.store(true, Ordering::Relaxed);
    }

    /// Lets what others gave the roles stay, or go.
    pub fn keep_foreign_rights(&self, keeps: bool) {
        for parts in self.functions.values() {
            parts.rights.keeps.store(keeps, Ordering::Relaxed);
        }
    }

    /// Every resource.
    pub fn all(&self) -> Vec<Id> {
        self.graph.ids().collect()
    }

    /// What starts functions besides requests, and what that takes.
    pub fn starting(&self) -> Vec<Id> {
        self.starting.clone()
    }

    /// Every resource that has to be deleted by itself: what is part of another one goes with it.
    pub fn standing_alone(&self) -> Vec<Id> {
        let stands = |id: &Id| self.graph.node(*id).contained_in().is_none();
        self.in_the_cloud().into_iter().filter(stands).collect()
    }

    /// What keeps what users of the stack put there.
    pub fn is_data(&self, id: Id) -> bool {
        self.graph.node(id).is_data()
    }

    /// Whether it is a secret, which a teardown deletes when the user says so alone.
    pub fn is_secret(&self, id: Id) -> bool {
        self.secrets.values().any(|secret| secret.id == id)
    }

    /// Whether it is the code of a function, which lives on this machine.
    pub fn is_code(&self, id: Id) -> bool {
        self.functions.values().any(|parts| parts.code.id == id)
    }

    /// The code of each function, as far as a run looked at it.
    pub fn artifacts<'a>(&self, outcome: &'a Outcome) -> Vec<&'a Artifact> {
        self.functions.values().filter_map(|parts| outcome.find(parts.code)).collect()
    }

    /// Every resource that is in the cloud.
    pub fn in_the_cloud(&self) -> Vec<Id> {
        self.graph.ids().filter(|id| !self.is_code(*id)).collect()
    }
}

/// A stack that is being put together.
struct Wiring<'a> {
    cloud: &'a Cloud,
    graph: Graph,
    /// Tables with indexes.
    indexed: Vec<Id>,
    /// By the keys of the functions that they start: the queue, and its dead letters.
    queues: BTreeMap<String, [Handle<Queue>; 2]>,
    /// By their keys.
    secrets: BTreeMap<String, Handle<Secret>>,
    keeps: Arc<AtomicBool>,
    pins_alone: Arc<AtomicBool>,
}

impl Wiring<'_> {
    /// Adds the function that `config` is about.
    fn function(
        &mut self,
        config: &Config,
        blueprint: Option<&Blueprint>,
        source: Source,
    ) -> Parts {
        let (cloud, graph) = (self.cloud, &mut self.graph);
        let log_group = graph.add(LogGroup::new(cloud, config));
        let role = graph.add(Role::new(cloud, config));
        let name = &config.function().data_policy;
        let data_policy = match blueprint {
            None => Some(graph.add(Policy::new(cloud, config, name, unread))),
            Some(blueprint) => blueprint
                .policy(config)
                .map(|document| graph.add(Policy::new(cloud, config, name, document))),
        };
        let rights = self.rights(config, role, data_policy);
        let graph = &mut self.graph;
        let code = graph.add(Code::new(cloud, source));
        let queues = sent_to(config, &self.queues);
        let pins = Pins::of(config, self.pins_alone.clone(), |key| self.secrets[key]);
        let function = Function::new(cloud, config, role, code, queues.clone());
        let function = graph.add(function.reading(pins.clone()));
        let release = Release::new(cloud, config, function, log_group, code, rights.clone());
        let form = match blueprint {
            None => Some(Form::default()),
            Some(blueprint) => Some(blueprint.form).filter(|_| blueprint.takes_requests()),
        };
        let release = release.after(self.indexed.clone()).tried_as(form).sending_to(queues);
        let release = graph.add(release.reading(pins.clone()));
        Parts { data_policy, log_group, code, function, pins, release, permission: None, rights }
    }

    /// Adds the API, unless no function takes requests, and lets it invoke those that do.
    fn http(
        &mut self,
        config: &Config,
        blueprints: Option<&Blueprints>,
        functions: &mut BTreeMap<String, Parts>,
    ) -> Option<Http> {
        let takes_requests =
            |key: &str| blueprints.is_none_or(|blueprints| blueprints[key].takes_requests());
        if !functions.keys().any(|key| takes_requests(key)) {
            return None;
        }
        let (cloud, graph) = (self.cloud, &mut self.graph);
        let api = graph.add(Api::new(cloud, config));
        let mut routes = Routes::new(cloud, config, targets(config, blueprints), api);
        let mut users = None;
        if let Some(auth) = &config.auth {
            let trust = trust(cloud, config, auth, graph);
            if let Trust::Pool(pool) = trust {
                users = Some(pool);
            }
            let authorizer = graph.add(Authorizer::new(cloud, config, trust, api));
            routes = routes.behind(authorizer, &auth.scopes);
        }
        let routes = graph.add(routes.opening(config.opens));
        for (key, parts) in functions.iter_mut().filter(|(key, _)| takes_requests(key)) {
            let (config, function, release) = (config.about(key), parts.function, parts.release);
            let permission = Permission::new(cloud, &config, function, release, api);
            parts.permission = Some(graph.add(permission));
        }
        Some(Http { api, routes, users })
    }

    /// Adds the frontend, with the API behind its address.
    fn site(
        &mut self,
        config: &Config,
        http: Option<Http>,
        contents_alone: &Arc<AtomicBool>,
    ) -> Option<SiteParts> {
        let site = config.site.as_ref()?;
        let (cloud, graph) = (self.cloud, &mut self.graph);
        let bucket = graph.add(SiteBucket::new(cloud, config, site));
        let access_control = graph.add(AccessControl::new(cloud, config, site));
        let function = graph.add(EdgeFunction::new(cloud, config, site));
        let api = http.map(|http| http.api);
        let beside = Beside { bucket, access_control, function, api };
        let distribution = graph.add(Distribution::new(cloud, config, site, beside));
        let policy = graph.add(BucketPolicy::new(cloud, site, bucket, distribution));
        let front = Distribution::new(cloud, config, site, beside);
        let alone = contents_alone.clone();
        let files = graph.add(SiteFiles::new(cloud, config, site, bucket, policy, front, alone));
        Some(SiteParts { bucket, access_control, function, policy, distribution, files })
    }

    /// Adds what starts functions besides requests.
    fn triggers(
        &mut self,
        config: &Config,
        tables: &BTreeMap<String, Handle<Table>>,
        functions: &BTreeMap<String, Parts>,
    ) -> Vec<Id> {
        let (cloud, graph) = (self.cloud, &mut self.graph);
        let (mut group, before) = (None, graph.ids().count());
        for config in config.each_function() {
            let Parts { release, rights, .. } = &functions[&config.about];
            match &config.function().trigger {
                None => {}
                Some(Trigger::Queue(queue)) => {
                    let queue = (queue, self.queues[&config.about][0]);
                    graph.add(EventSource::of_queue(cloud, &config, queue, *release, rights));
                }
                Some(Trigger::Stream(table)) => {
                    let table = tables[table];
                    graph.add(EventSource::of_stream(cloud, &config, table, *release, rights));
                }
                Some(Trigger::Schedule(schedule)) => {
                    let group =
                        *group.get_or_insert_with(|| graph.add(ScheduleGroup::new(cloud, &config)));
                    let role = graph.add(ScheduleRole::new(cloud, &config, schedule));
                    let schedule = Schedule::new(cloud, &config, schedule, Some(group.id));
                    graph.add(schedule.after(role, *release));
                }
            }
        }
        graph.ids().skip(before).collect()
    }

    /// Adds what the role may do.
    fn rights(
        &mut self,
        config: &Config,
        role: Handle<Role>,
        data_policy: Option<Handle<Policy>>,
    ) -> Rights {
        let mut policies: Vec<_> = data_policy.into_iter().collect();
        let mut managed = Some(MANAGED_LOGS);
        if config.function().settings.log_policy == LogPolicy::Scoped {
            let name = &config.function().logs_policy;
            let policy = Policy::new(self.cloud, config, name, logs_policy(config));
            policies.push(self.graph.add(policy));
            managed = None;
        }
        let keeps = self.keeps.clone();
        let attached = policies.clone();
        let attachments =
            Attachments::new(self.cloud, config, role, attached, managed, keeps.clone());
        Rights { policies, attachments: self.graph.add(attachments), keeps }
    }
}

/// Adds the queues of the stack.
fn queues(
    cloud: &Cloud,
    config: &Config,
    graph: &mut Graph,
) -> BTreeMap<String, [Handle<Queue>; 2]> {
    let mut queues = BTreeMap::new();
    for (key, queue) in config.queues() {
        let dead = graph.add(Queue::dead_letters(cloud, config, queue));
        let source = graph.add(Queue::source(cloud, config, queue, dead.id));
        queues.insert(key.to_owned(), [source, dead]);
    }
    queues
}

/// Whose tokens the API takes; adds the pool, where it is the stack's own.
fn trust(cloud: &Cloud, config: &Config, auth: &Auth, graph: &mut Graph) -> Trust {
    match &auth.issuer {
        Issuer::Given { url, audience } => {
            Trust::Given { issuer: url.clone(), audience: audience.clone() }
        }
        Issuer::Pool(pool) => Trust::Pool(graph.add(UserPool::new(cloud, config, pool))),
    }
}

/// The queues whose addresses a function is given: all but its own.
fn sent_to(config: &Config, queues: &BTreeMap<String, [Handle<Queue>; 2]>) -> Queues {
    let others = config.queues().filter(|(key, _)| *key != config.about);
    Queues(others.map(|(key, queue)| (queue.env.clone(), queues[key][0])).collect())
}

/// The document of a policy of which nothing but the name is known.
fn unread(_: &Identity) -> Document {
    Document::new(Vec::new())
}
