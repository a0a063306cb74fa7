//! The five routes that every book of records has. What is particular about one kind (its query, its extra routes) stands
//! in its own file.

/// Writes `list`, `create`, `get`, `change` and `remove` for one book of the engine's records.
macro_rules! crud {
    (
        $book:ident of $Record:ident, made from $Input:ident, named by $Id:ident, listed by $Query:ident,
        under $path:literal and $path_id:literal, tag $tag:literal, called $one:literal and $many:literal,
        read with $Read:ident $read:literal, written with $Write:ident $write:literal
    ) => {
        #[utoipa::path(get, path = $path, tag = $tag, operation_id = concat!("list_", $many), summary = concat!("List ", $many),
            params($Query), security(("bearer" = [$read])),
            responses((status = 200, body = tracklane_api_types::Page<$Record>, description = "One page, newest first"), crate::problem::Problems))]
        /// A page of records, newest first.
        pub async fn list(
            axum::extract::State(app): axum::extract::State<crate::App>,
            who: crate::permissions::Allowed<crate::permissions::$Read>,
            listing: crate::paging::Listing<$Query>,
        ) -> crate::problem::Result<crate::paging::Listed<$Record>> {
            let found = app.engine.records.$book.list(&who.caller, &listing.query.filter(), listing.page()?).await?;
            Ok(listing.answer(found))
        }

        #[utoipa::path(post, path = $path, tag = $tag, operation_id = concat!("create_", $one), summary = concat!("Make a ", $one),
            request_body = $Input, security(("bearer" = [$write])),
            responses((status = 201, body = $Record, description = "It was made"), crate::problem::Problems))]
        /// Makes a record.
        pub async fn create(
            axum::extract::State(app): axum::extract::State<crate::App>,
            who: crate::permissions::Allowed<crate::permissions::$Write>,
            crate::json::Json(input): crate::json::Json<$Input>,
        ) -> crate::problem::Result<crate::conditional::Created<$Record>> {
            let record = app.engine.records.$book.create(&who.caller, input).await?;
            Ok(crate::conditional::Created {
                location: format!("{}/{}", $path, record.id),
                version: Some(record.version),
                body: record,
            })
        }

        #[utoipa::path(get, path = $path_id, tag = $tag, operation_id = concat!("get_", $one), summary = concat!("Read a ", $one),
            params(("id" = $Id, Path), ("If-None-Match" = Option<String>, Header, description = "An ETag that the caller has")),
            security(("bearer" = [$read])),
            responses((status = 200, body = $Record, description = "The record, its version as ETag"),
                (status = 304, description = "The caller has this version"), crate::problem::Problems))]
        /// One record.
        pub async fn get(
            axum::extract::State(app): axum::extract::State<crate::App>,
            who: crate::permissions::Allowed<crate::permissions::$Read>,
            crate::query::Id(id): crate::query::Id<$Id>,
            known: crate::conditional::IfNoneMatch,
        ) -> crate::problem::Result<axum::response::Response> {
            let record = app.engine.records.$book.get(&who.caller, id).await?;
            Ok(known.answer(&record.version.to_string(), &record))
        }

        #[utoipa::path(patch, path = $path_id, tag = $tag, operation_id = concat!("change_", $one), summary = concat!("Change a ", $one),
            params(("id" = $Id, Path), ("If-Match" = String, Header, min_length = 1, description = "The ETag that the change is based on, or `*`")),
            request_body(content = $Input, content_type = "application/merge-patch+json",
                description = "What changes; null clears a field"),
            security(("bearer" = [$write])),
            responses((status = 200, body = $Record, description = "The record as it is now"), crate::problem::Problems))]
        /// Changes a record by a merge patch.
        pub async fn change(
            axum::extract::State(app): axum::extract::State<crate::App>,
            who: crate::permissions::Allowed<crate::permissions::$Write>,
            crate::query::Id(id): crate::query::Id<$Id>,
            based_on: crate::conditional::IfMatch,
            patch: crate::conditional::MergePatch,
        ) -> crate::problem::Result<crate::conditional::Tagged<$Record>> {
            let book = &app.engine.records.$book;
            let current = book.get(&who.caller, id).await?;
            let version = based_on.check(current.version)?;
            let record = book.update(&who.caller, id, version, patch.onto(&$Input::from(&current))?).await?;
            Ok(crate::conditional::Tagged(record.version, record))
        }

        #[utoipa::path(delete, path = $path_id, tag = $tag, operation_id = concat!("delete_", $one), summary = concat!("Delete a ", $one),
            params(("id" = $Id, Path), ("If-Match" = Option<String>, Header, description = "Delete this version only")),
            security(("bearer" = [$write])),
            responses((status = 204, description = "It is gone"), crate::problem::Problems))]
        /// Deletes a record.
        pub async fn remove(
            axum::extract::State(app): axum::extract::State<crate::App>,
            who: crate::permissions::Allowed<crate::permissions::$Write>,
            crate::query::Id(id): crate::query::Id<$Id>,
            crate::conditional::Expected(version): crate::conditional::Expected,
        ) -> crate::problem::Result<http::StatusCode> {
            app.engine.records.$book.delete(&who.caller, id, version).await?;
            Ok(http::StatusCode::NO_CONTENT)
        }
    };
}
