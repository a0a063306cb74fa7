// Generated from crates/server/openapi.json by `npm run types`. Not to be edited.

export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description Who did it. */
        Actor: {
            /** @description A person who logged in. */
            id: components["schemas"]["UserId"];
            /** @enum {string} */
            type: "user";
        } | {
            /** @description An API client. */
            id: components["schemas"]["ApiKeyId"];
            /** @enum {string} */
            type: "api_key";
        } | {
            /** @description A driver. */
            id: components["schemas"]["DriverId"];
            /** @enum {string} */
            type: "driver";
        } | {
            /** @description A device. */
            id: components["schemas"]["DeviceId"];
            /** @enum {string} */
            type: "device";
        } | {
            /** @enum {string} */
            type: "system";
        };
        /** @description A postal address with, where somebody measured or confirmed it, its point. */
        Address: {
            /**
             * @description City.
             * @default null
             */
            city: string | null;
            /**
             * @description Country, ISO 3166-1 alpha-2, upper case.
             * @default null
             */
            country: string | null;
            /**
             * @description Street and number, or the whole address as one line.
             * @default null
             */
            line1: string | null;
            /**
             * @description Flat, floor, company.
             * @default null
             */
            line2: string | null;
            /** @default null */
            point: components["schemas"]["Point"] | null;
            /**
             * @description Postal code.
             * @default null
             */
            postal_code: string | null;
            /**
             * @description State or region.
             * @default null
             */
            state: string | null;
        };
        /** @description Alarms of devices. */
        AlarmSettings: {
            /**
             * Format: int64
             * @description An alarm is over when the device has not raised it for so many seconds, 0 to 86,400.
             * @default 60
             */
            quiet_seconds: number;
            /**
             * Format: int64
             * @description One that stays on is told again after so many seconds, 0 to 31,536,000; 0 for never.
             * @default 3600
             */
            repeat_seconds: number;
        };
        /** @description A key for programs. The secret is shown once, when the key is made. */
        ApiKey: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            customer_id?: components["schemas"]["CustomerId"] | null;
            device_id?: components["schemas"]["DeviceId"] | null;
            driver_id?: components["schemas"]["DriverId"] | null;
            /**
             * Format: date-time
             * @description When it stops working.
             */
            expires_at?: string | null;
            /** @description Its id. */
            id: components["schemas"]["ApiKeyId"];
            /**
             * Format: date-time
             * @description When it was last used, to the minute.
             */
            last_used_at?: string | null;
            /** @description What it is for. */
            name: string;
            /**
             * Format: int32
             * @description Requests per minute; none means the installation's default.
             */
            requests_per_minute?: number | null;
            /**
             * Format: date-time
             * @description When it was revoked.
             */
            revoked_at?: string | null;
            /** @description What it may do at most. */
            role: components["schemas"]["Role"];
            /** @description What it may do of that: scopes such as `shipments:read`; empty means all that the role may. */
            scopes: string[];
            /** @description Its tenant. */
            tenant_id: components["schemas"]["TenantId"];
        };
        ApiKeyId: string;
        /** @description A device that was in the area. */
        AreaVisitor: {
            /** @description Which device. */
            device_id: components["schemas"]["DeviceId"];
            driver_id?: components["schemas"]["DriverId"] | null;
            /** @description Where the first one was. */
            first: components["schemas"]["Point"];
            /**
             * Format: date-time
             * @description When its first position in the area was taken.
             */
            first_at: string;
            /** @description Where the last one was. */
            last: components["schemas"]["Point"];
            /**
             * Format: date-time
             * @description When its last one was.
             */
            last_at: string;
            /** @description How many positions it sent from there. */
            positions: number;
        };
        /** @description Who was in an area, by device. */
        AreaVisitors: {
            /** @description True when there is more. */
            has_more: boolean;
            /**
             * @description One entry per device. The last one of a page may go on as the first of the next. There may be none though there is
             *     more, because one answer looks at only so many positions.
             */
            items: components["schemas"]["AreaVisitor"][];
            /** @description Send it as `cursor` to go on; none at the end. */
            next_cursor?: string | null;
        };
        /** @description Gives the present fleet leg to a driver. */
        Assignment: {
            /** @description Who; `courier_id` is accepted as a synonym. */
            driver_id: components["schemas"]["DriverId"];
        };
        /** @description One try to deliver a message. */
        Attempt: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            at: string;
            /** @description What went wrong, or the first 1,000 characters of the answer's body. */
            detail?: string | null;
            /**
             * Format: int64
             * @description How long it took, in milliseconds.
             */
            duration_ms: number;
            /** @description Where it went. */
            endpoint_id: components["schemas"]["EndpointId"];
            /**
             * Format: int32
             * @description The HTTP status answered.
             */
            http_status?: number | null;
            /** @description Its id. */
            id: components["schemas"]["AttemptId"];
            /** @description Which message. */
            message_id: components["schemas"]["MessageId"];
            /**
             * Format: int32
             * @description The how-manieth it was, from 1.
             */
            number: number;
            /** @description How it ended. */
            outcome: components["schemas"]["AttemptOutcome"];
            /** @description Its tenant. */
            tenant_id: components["schemas"]["TenantId"];
        };
        AttemptId: string;
        /**
         * @description How an attempt ended.
         * @enum {string}
         */
        AttemptOutcome: "success" | "refused" | "timeout" | "unreachable" | "blocked" | "unsigned";
        /** @description One line of the audit log. Never changed, never deleted by the API. */
        AuditEntry: {
            /** @description What was done, as `thing.verb`: `customer.updated`, `api_key.revoked`. */
            action: string;
            /** @description Who did it. */
            actor: components["schemas"]["Actor"];
            /**
             * Format: date-time
             * @description When it was done.
             */
            at: string;
            /** @description What there is to say; an object, without secrets. */
            data: Record<string, unknown>;
            /** @description Its id. */
            id: components["schemas"]["AuditId"];
            /** @description The id of the thing it was done to, in its text form. */
            target?: string | null;
            /** @description Its tenant. */
            tenant_id: components["schemas"]["TenantId"];
        };
        AuditId: string;
        /**
         * @description How certain fixes on the other side of the edge confirm each other. A fix on this side, certain or not, begins the count
         *     anew; one beyond the edge that is not certain, and one whose accuracy circle is larger than the zone, change nothing.
         */
        Confirm: {
            /**
             * Format: int32
             * @description How many, 1 to 100.
             */
            fixes: number;
            /** @description Whether both are needed. */
            need?: components["schemas"]["Need"];
            /**
             * Format: int32
             * @description Over how many seconds, from the first to the last of them.
             */
            seconds?: number;
        };
        /** @description Coordinates. */
        Coordinates: {
            /**
             * Format: double
             * @description Latitude in degrees, -90 to 90; `lat` is a synonym.
             */
            latitude: number;
            /**
             * Format: double
             * @description Longitude in degrees, -180 to 180; `lng` and `lon` are synonyms.
             */
            longitude: number;
        };
        /** @description Where a courier is. Both systems use the same words. */
        CourierLocation: {
            /**
             * Format: float
             * @description Radius of 68 % confidence in metres, 0 to 1,000,000.
             */
            accuracy?: number | null;
            courier_id?: components["schemas"]["DriverId"] | null;
            /**
             * Format: float
             * @description Course in degrees clockwise from north, 0 to 360; `bearing` is a synonym.
             */
            heading?: number | null;
            /**
             * Format: double
             * @description Latitude in degrees, -90 to 90; `lat` is a synonym.
             */
            latitude: number;
            /**
             * Format: double
             * @description Longitude in degrees, -180 to 180; `lng` and `lon` are synonyms.
             */
            longitude: number;
            /**
             * Format: float
             * @description Speed in metres per second, 0 to 500.
             */
            speed?: number | null;
            /**
             * Format: date-time
             * @description When; now when left out.
             */
            timestamp?: string | null;
        };
        /** @description A key just made, with the only sight of its secret. */
        CreatedApiKey: {
            /** @description The key. */
            api_key: components["schemas"]["ApiKey"];
            /** @description What a program sends as `Authorization: Bearer`. Shown once. */
            secret: string;
        };
        /** @description A device's new credential. */
        Credential: {
            /** @description The password that the device sends from now on. Shown once. */
            credential: string;
        };
        /** @description A sender or recipient. */
        Customer: {
            /** @description Address. */
            address: components["schemas"]["Address"];
            /**
             * Format: date-time
             * @description When the record was made.
             */
            created_at: string;
            /** @description E-mail address. */
            email?: string | null;
            /** @description Their id. */
            id: components["schemas"]["CustomerId"];
            /** @description Language for messages, BCP 47. */
            language?: string | null;
            /** @description Name. */
            name: string;
            /** @description Phone number, E.164. */
            phone?: string | null;
            /** @description The tenant's own reference, unique in the tenant. */
            reference?: string | null;
            /** @description Their tenant. */
            tenant_id: components["schemas"]["TenantId"];
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updated_at: string;
            /**
             * Format: int64
             * @description Grows with each write.
             */
            version: number;
        };
        CustomerId: string;
        /**
         * @description A time of the day to the minute, `08:30`; `24:00` is the end of the day.
         * @example 08:30
         */
        DayTime: string;
        /** @description A delivery. */
        Delivery: {
            courier_id?: components["schemas"]["DriverId"] | null;
            courier_location?: components["schemas"]["Whereabouts"] | null;
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            customer_id?: components["schemas"]["CustomerId"] | null;
            /**
             * Format: date-time
             * @description When it was delivered.
             */
            delivered_at?: string | null;
            /** @description To where, as one line; not in lists. */
            delivery_address?: string | null;
            delivery_location?: components["schemas"]["Coordinates"] | null;
            /**
             * Format: date-time
             * @description Up to when it is promised.
             */
            estimated_delivery?: string | null;
            /** @description Its id. */
            id: components["schemas"]["ShipmentId"];
            /**
             * Format: date-time
             * @description When it was picked up.
             */
            picked_up_at?: string | null;
            /** @description From where, as one line; not in lists. */
            pickup_address?: string | null;
            pickup_location?: components["schemas"]["Coordinates"] | null;
            /** @description The caller's own reference. */
            reference?: string | null;
            /**
             * @description `pending` or `placed`, `assigned`, `picked_up`, `in_transit`, `out_for_delivery`, `delivered`, `failed`,
             *     `cancelled`, or another word of ours.
             */
            status: string;
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updated_at: string;
        };
        /** @description A new status of a delivery. */
        DeliveryStatus: {
            courier_id?: components["schemas"]["DriverId"] | null;
            location?: components["schemas"]["Coordinates"] | null;
            /** @description Anything else; `note` and `comment` are synonyms. */
            notes?: string | null;
            reason?: components["schemas"]["Reason"] | null;
            /** @description The status, in either system's words. */
            status: string;
            /**
             * Format: date-time
             * @description When; now when left out.
             */
            timestamp?: string | null;
        };
        /** @description What sends GPS fixes: a phone, a tracker, a sensor. */
        Device: {
            /**
             * Format: date-time
             * @description When the record was made.
             */
            created_at: string;
            /** @description True when it may not send any more. */
            disabled: boolean;
            driver_id?: components["schemas"]["DriverId"] | null;
            /** @description True when a credential is set: messages without it are refused. */
            has_credential: boolean;
            /** @description Its id. */
            id: components["schemas"]["DeviceId"];
            /** @description How it names itself (IMEI, user/device, free id), unique in the installation: some protocols carry no tenant. */
            identifier: string;
            /**
             * Format: float
             * @description The highest speed that is believed of it, in metres per second, 0 to 10,000; 0 for any, none for the setting
             *     `filter.max_speed_mps`.
             */
            max_speed_mps?: number | null;
            /** @description Name. */
            name: string;
            /** @description Its tenant. */
            tenant_id: components["schemas"]["TenantId"];
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updated_at: string;
            vehicle_id?: components["schemas"]["VehicleId"] | null;
            /**
             * Format: int64
             * @description Grows with each write.
             */
            version: number;
        };
        DeviceId: string;
        /** @description The newest position of a device. */
        DeviceLatest: {
            /**
             * Format: float
             * @description Radius of 68 % confidence, in metres.
             */
            accuracy_m?: number | null;
            /**
             * Format: float
             * @description Height, in metres.
             */
            altitude_m?: number | null;
            /** @description Everything else the device said. */
            attributes: Record<string, unknown>;
            /**
             * Format: float
             * @description Course over ground, in degrees clockwise from north.
             */
            course_deg?: number | null;
            /** @description Which device. */
            device_id: components["schemas"]["DeviceId"];
            driver_id?: components["schemas"]["DriverId"] | null;
            /**
             * Format: date-time
             * @description When the fix was taken.
             */
            fix_time: string;
            /** @description Where. */
            point: components["schemas"]["Point"];
            /**
             * Format: date-time
             * @description When we received it.
             */
            received_at: string;
            /**
             * Format: float
             * @description Speed over ground, in metres per second.
             */
            speed_mps?: number | null;
        };
        /** @description What is known of a device by now. */
        DeviceStatus: {
            /** @description The alarms that it raises. */
            alarms: string[];
            /**
             * Format: date-time
             * @description When we last heard of it.
             */
            heard_at?: string | null;
            /**
             * Format: date-time
             * @description Since when it stands; none while it moves.
             */
            stands_since?: string | null;
            /** @description Whether it is heard of. */
            state: components["schemas"]["Presence"];
        };
        /** @description Who carries. The API accepts "courier" as a synonym. */
        Driver: {
            /**
             * Format: date-time
             * @description When the record was made.
             */
            created_at: string;
            /** @description Whether they work now. */
            duty: components["schemas"]["DutyState"];
            /** @description Their id. */
            id: components["schemas"]["DriverId"];
            /** @description Name. */
            name: string;
            /** @description Phone number, E.164. */
            phone?: string | null;
            /** @description The tenant's own reference, unique in the tenant. */
            reference?: string | null;
            /** @description Their tenant. */
            tenant_id: components["schemas"]["TenantId"];
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updated_at: string;
            vehicle_id?: components["schemas"]["VehicleId"] | null;
            /**
             * Format: int64
             * @description Grows with each write.
             */
            version: number;
        };
        DriverId: string;
        /**
         * @description Whether a driver works now.
         * @enum {string}
         */
        DutyState: "on_duty" | "off_duty";
        /** @description A webhook target (Standard Webhooks 1.0). Its secrets are kept apart, encrypted. */
        Endpoint: {
            /**
             * Format: date-time
             * @description When the record was made.
             */
            created_at: string;
            /** @description What it is for. */
            description?: string | null;
            /** @description Why it was disabled. */
            disabled_reason?: string | null;
            /** @description Which event types it wants: exact names, their seed-system aliases, or a prefix with `.*`; empty means all. */
            event_types: string[];
            /**
             * Format: date-time
             * @description Since when every attempt has failed; none when the last one succeeded.
             */
            failing_since?: string | null;
            /** @description Its id. */
            id: components["schemas"]["EndpointId"];
            /** @description Whether it gets messages. */
            state: components["schemas"]["EndpointState"];
            /** @description Its tenant. */
            tenant_id: components["schemas"]["TenantId"];
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updated_at: string;
            /** @description Where messages go: http or https, never a private address unless the installation allows it. */
            url: string;
            /**
             * Format: int64
             * @description Grows with each write.
             */
            version: number;
        };
        EndpointId: string;
        /** @description The signing secrets of an endpoint. */
        EndpointSecret: {
            /**
             * Format: date-time
             * @description Until when messages are signed with the one before it, too; none when there is none.
             */
            previous_until?: string | null;
            /** @description The present one, `whsec_..`. */
            secret: string;
        };
        /**
         * @description Whether an endpoint gets messages.
         * @enum {string}
         */
        EndpointState: "active" | "paused" | "disabled";
        /** @description One entry of the event log. */
        Event: {
            /** @description What there is to say: see the payload types of this module. */
            data: Record<string, unknown>;
            device_id?: components["schemas"]["DeviceId"] | null;
            driver_id?: components["schemas"]["DriverId"] | null;
            endpoint_id?: components["schemas"]["EndpointId"] | null;
            /** @description Its id. */
            id: components["schemas"]["EventId"];
            /**
             * Format: date-time
             * @description When it happened (for facts: `occurred_at`).
             */
            occurred_at: string;
            /**
             * Format: date-time
             * @description When it was written.
             */
            recorded_at: string;
            /**
             * Format: int64
             * @description Its number among the events of that shipment, from 1, without gaps; 0 when it is about none.
             */
            sequence: number;
            shipment_id?: components["schemas"]["ShipmentId"] | null;
            /** @description Whose event. */
            tenant_id: components["schemas"]["TenantId"];
            /**
             * @description What happened.
             * @example shipment.status_changed
             */
            type: string;
            zone_id?: components["schemas"]["ZoneId"] | null;
        };
        /** @description How the fold took one fact. */
        EventFlags: {
            /** @description It was received after a fact that happened later. */
            late_event: boolean;
            /** @description It contradicts what is already known and changed nothing. */
            out_of_order: boolean;
            /** @description It was taken back by a later retraction or correction. */
            retracted: boolean;
        };
        EventId: string;
        /** @description One fact and how the fold took it. */
        EventView: {
            /** @description The fact. */
            event: components["schemas"]["TrackingEvent"];
            /** @description How the fold took it. */
            flags: components["schemas"]["EventFlags"];
        };
        /** @description What happened, as it follows from all positions that are known by now. */
        ExplainedEvent: {
            /**
             * Format: date-time
             * @description When: by our clock, as it is told.
             */
            at: string;
            /** @description What. */
            kind: components["schemas"]["VisitEvent"];
            /** @description Where. */
            point: components["schemas"]["Point"];
            /**
             * Format: date-time
             * @description The time of the position that proves it, likewise.
             */
            proved_at: string;
            untold?: components["schemas"]["Untold"] | null;
        };
        /** @description One position, and what it says about the zone. */
        ExplainedFix: {
            /**
             * Format: float
             * @description Stated accuracy, in metres.
             */
            accuracy_m?: number | null;
            decision?: components["schemas"]["ZoneDecision"] | null;
            mark?: components["schemas"]["Mark"] | null;
            /** @description Where. */
            point: components["schemas"]["Point"];
            /**
             * Format: date-time
             * @description When it came in.
             */
            received_at: string;
            /**
             * Format: date-time
             * @description When it was taken: by our clock, as events are dated.
             */
            time: string;
        };
        /**
         * @description What a fact does to the fold.
         * @enum {string}
         */
        FactKind: "scan" | "correction" | "retraction" | "note";
        /** @description A GeoJSON feature. */
        Feature: {
            geometry?: components["schemas"]["Geometry"] | null;
            /**
             * @description `device_id`, and `times` for a line or `time`, `speed_mps`, `course_deg`, `accuracy_m`,
             *     `valid`, `mark`, `attributes` for a point.
             */
            properties: Record<string, unknown>;
            /** @description Always `Feature`. */
            type: string;
        };
        /** @description GeoJSON (RFC 7946): the positions of one device. */
        FeatureCollection: {
            /** @description One `LineString`, or a `Point` per position. */
            features: components["schemas"]["Feature"][];
            /** @description True when there are more positions in the range: ask again from the last time on. */
            has_more: boolean;
            /** @description Always `FeatureCollection`. */
            type: string;
        };
        /** @description One broken rule. */
        FieldError: {
            /** @description The broken rule, as a sentence that names the limit. */
            detail: string;
            /** @description JSON pointer (RFC 6901) in fragment form to the field, `#/lat`; `#` for the whole. */
            pointer: string;
        };
        /** @description What the stages ask for. Each but the first can be turned off. */
        Filters: {
            /**
             * Format: float
             * @description The highest speed that is believed, in metres per second, 0 to 10,000; 0 for any.
             * @default 100
             */
            max_speed_mps: number;
            /**
             * @description Whether positions that say they are made up are marked.
             * @default true
             */
            mock: boolean;
            /**
             * @description Whether a fix at exactly 0, 0 is marked.
             * @default true
             */
            null_island: boolean;
            /**
             * Format: int32
             * @description Even a device that stands keeps one fix in so many seconds, 1 to 86,400.
             * @default 300
             */
            static_keep_seconds: number;
            /**
             * Format: float
             * @description A fix so near to where the device stands, in metres, that says no speed or less than a walk, is jitter: 0 to 1,000; 0
             *     for no look at it.
             * @default 0
             */
            static_m: number;
            /**
             * Format: float
             * @description The worst accuracy that is believed, in metres, 0 to 1,000,000; 0 for any.
             * @default 1000
             */
            worst_accuracy_m: number;
        };
        /** @description A driver who could take an order. */
        FreeDriver: {
            /** @description How many orders they have on the way. */
            activeOrders: number;
            /** @description Their id. */
            id: components["schemas"]["DriverId"];
            location?: components["schemas"]["Whereabouts"] | null;
            /** @description Name. */
            name: string;
            /** @description Always `available`. */
            status: string;
        };
        /** @description A GeoJSON geometry. Coordinates are longitude, latitude and, where known, height. */
        Geometry: {
            /** @description Longitude, latitude, height. */
            coordinates: number[];
            /** @enum {string} */
            type: "Point";
        } | {
            /** @description Longitude, latitude, height of each. */
            coordinates: number[][];
            /** @enum {string} */
            type: "LineString";
        };
        /** @description The state of the whole and of each part. */
        Health: {
            /** @description Each part, by name. */
            parts: components["schemas"]["PartHealth"][];
            /** @description True when every part is well. */
            ready: boolean;
        };
        /**
         * @description What became of a row.
         * @enum {string}
         */
        ImportOutcome: "created" | "updated" | "unchanged" | "rejected";
        /** @description One row of the report. */
        ImportedRow: {
            /** @description Why it was rejected: pointers are into the zone as `POST /v1/zones` takes it. */
            errors?: components["schemas"]["FieldError"][];
            /** @description The line on which it begins, in KML. */
            line?: number | null;
            /** @description Its name, as far as it has one. */
            name: string;
            /** @description What became of it; what would, in a dry run. */
            outcome: components["schemas"]["ImportOutcome"];
            /** @description Its number in the file, from 0. */
            row: number;
            zone_id?: components["schemas"]["ZoneId"] | null;
        };
        /** @description The newest position of a device, with a mark of its age. */
        LatestPosition: components["schemas"]["DeviceLatest"] & {
            /** @description True when the fix was taken within the last 15 seconds. */
            fresh: boolean;
        };
        /** @description One stretch under one carrier. */
        Leg: {
            /** @description Mode `carrier`: which carrier. */
            carrier?: string | null;
            /**
             * Format: date-time
             * @description When the record was made.
             */
            created_at: string;
            destination_id?: components["schemas"]["LocationId"] | null;
            driver_id?: components["schemas"]["DriverId"] | null;
            /**
             * Format: date-time
             * @description Since when that driver has it: what their position was before proves nothing about it.
             */
            driver_since?: string | null;
            /**
             * Format: date-time
             * @description When it ended.
             */
            ended_at?: string | null;
            /** @description Its id. */
            id: components["schemas"]["LegId"];
            /** @description True for the way back. */
            is_return: boolean;
            /** @description Under whom it runs. */
            mode: components["schemas"]["LegMode"];
            origin_id?: components["schemas"]["LocationId"] | null;
            /**
             * Format: int32
             * @description Its place in the order of the legs, from 1.
             */
            position: number;
            /** @description The shipment it belongs to. */
            shipment_id: components["schemas"]["ShipmentId"];
            /**
             * Format: date-time
             * @description When it began.
             */
            started_at?: string | null;
            /** @description Where it stands. */
            state: components["schemas"]["LegState"];
            /** @description Its tenant. */
            tenant_id: components["schemas"]["TenantId"];
            /** @description Mode `carrier`: under which number. */
            tracking_number?: string | null;
            /**
             * Format: int64
             * @description Grows with each write.
             */
            version: number;
        };
        LegId: string;
        /**
         * @description Under whom a leg runs.
         * @enum {string}
         */
        LegMode: "fleet" | "carrier";
        /**
         * @description Where a leg stands.
         * @enum {string}
         */
        LegState: "planned" | "active" | "done" | "cancelled";
        LinkId: string;
        /** @description A public tracking link with what it is for: the page. */
        LinkView: {
            /** @description The link. */
            link: components["schemas"]["TrackingLink"];
            /** @description The token behind `/t/`. */
            token: string;
            /** @description The address of the page. */
            url: string;
        };
        /** @description A hub, warehouse, store, locker, port or door. */
        Location: {
            /** @description Address with its point. */
            address: components["schemas"]["Address"];
            /**
             * Format: date-time
             * @description When the record was made.
             */
            created_at: string;
            /** @description Its id. */
            id: components["schemas"]["LocationId"];
            /** @description What kind of place it is. */
            location_type: components["schemas"]["LocationType"];
            /** @description Name. */
            name: string;
            /**
             * Format: double
             * @description Radius of its zone in metres, 20 to 5,000; none means the tenant's setting.
             */
            radius_m?: number | null;
            /** @description The tenant's own reference, unique in the tenant. */
            reference?: string | null;
            /** @description Its tenant. */
            tenant_id: components["schemas"]["TenantId"];
            /** @description Time zone, IANA name. */
            time_zone?: string | null;
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updated_at: string;
            /**
             * Format: int64
             * @description Grows with each write.
             */
            version: number;
        };
        /** @description What became of a position. */
        LocationAnswer: {
            /**
             * @description `accepted`, `duplicate` (known already), `late` (history, not "now") or `marked` (not believed). Durable in each
             *     case.
             */
            outcome: components["schemas"]["RowOutcome"];
        };
        LocationId: string;
        /**
         * @description What kind of place a location is.
         * @enum {string}
         */
        LocationType: "hub" | "warehouse" | "store" | "locker" | "port" | "address";
        /** @description One entry of the event log. */
        LoggedEvent: {
            /** @description What happened. */
            event: components["schemas"]["Event"];
            /**
             * @description Its place in the log: what to send as `after`, or as `Last-Event-ID` of a live stream, to go on behind it.
             * @example 0-42
             */
            id: string;
        };
        /** @description A successful login. */
        LoginAnswer: {
            /**
             * Format: date-time
             * @description When the token stops working.
             */
            expires_at: string;
            /** @description Their tenant. */
            tenant: components["schemas"]["Tenant"];
            /** @description The token for `Authorization: Bearer`. */
            token: string;
            /** @description Who logged in. */
            user: components["schemas"]["User"];
        };
        /** @description Who wants in. */
        LoginRequest: {
            /** @description E-mail address, in any case. */
            email: string;
            /**
             * Format: password
             * @description Password.
             */
            password: string;
        };
        /**
         * @description Why a position takes no part in what is computed from positions. It is kept all the same. The closed list.
         * @enum {string}
         */
        Mark: "no_fix" | "invalid" | "null_island" | "mock" | "inaccurate" | "teleport" | "static";
        /** @description Who calls, and what they may do. */
        Me: {
            api_key?: components["schemas"]["ApiKey"] | null;
            customer_id?: components["schemas"]["CustomerId"] | null;
            device_id?: components["schemas"]["DeviceId"] | null;
            driver_id?: components["schemas"]["DriverId"] | null;
            /** @description What the caller may do, as scopes such as `shipments:read`. */
            permissions: string[];
            /** @description The role. */
            role: components["schemas"]["Role"];
            /** @description The tenant. */
            tenant: components["schemas"]["Tenant"];
            user?: components["schemas"]["User"] | null;
        };
        /** @description One event on its way to one endpoint. Its id is the `webhook-id` header, the same on every attempt. */
        Message: {
            /**
             * Format: int32
             * @description How many attempts were made.
             */
            attempts: number;
            /** @description The exact body, signed on each attempt. */
            body: string;
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description Where it goes. */
            endpoint_id: components["schemas"]["EndpointId"];
            event_id?: components["schemas"]["EventId"] | null;
            /** @description Its type. */
            event_type: string;
            /** @description Its id. */
            id: components["schemas"]["MessageId"];
            /**
             * Format: date-time
             * @description When the next attempt is due.
             */
            next_attempt_at?: string | null;
            shipment_id?: components["schemas"]["ShipmentId"] | null;
            /** @description Where it stands. */
            state: components["schemas"]["MessageState"];
            /** @description Its tenant. */
            tenant_id: components["schemas"]["TenantId"];
        };
        MessageId: string;
        /**
         * @description Where a message stands.
         * @enum {string}
         */
        MessageState: "pending" | "delivered" | "dead";
        /**
         * @description How far positions alone may move a shipment.
         * @enum {string}
         */
        MilestonePolicy: "off" | "arrivals" | "full";
        /** @description What a device did for a while: it went somewhere, stood, or was silent and turned up elsewhere. */
        MovementEntry: {
            /**
             * Format: double
             * @description The way from position to position, in metres: 0 of a stop, the straight line of a gap.
             */
            distance_m: number;
            driver_id?: components["schemas"]["DriverId"] | null;
            /**
             * Format: double
             * @description How long, in seconds: of a stop, the dwell.
             */
            duration_s: number;
            /** @description Where it ended: of a stop, its middle. */
            end: components["schemas"]["Point"];
            /**
             * Format: date-time
             * @description Until when; of what goes on, until the last position.
             */
            ended_at: string;
            /** @description What it did. */
            kind: components["schemas"]["MovementKind"];
            /** @description True while it goes on. */
            ongoing: boolean;
            /** @description Where it began: of a stop, its middle. */
            start: components["schemas"]["Point"];
            /**
             * Format: date-time
             * @description From when.
             */
            started_at: string;
        };
        /**
         * @description What a device did for a while.
         * @enum {string}
         */
        MovementKind: "trip" | "stop" | "gap";
        /** @description What a device did, oldest first. */
        MovementList: {
            /** @description True when there is more: ask again from the last `ended_at` on. */
            has_more: boolean;
            /** @description What overlaps the time asked for. */
            items: components["schemas"]["MovementEntry"][];
        };
        /**
         * @description Whether the number of fixes and the time are both needed.
         * @enum {string}
         */
        Need: "both" | "either";
        /** @description What is said about a key. */
        NewApiKey: {
            customer_id?: components["schemas"]["CustomerId"] | null;
            device_id?: components["schemas"]["DeviceId"] | null;
            driver_id?: components["schemas"]["DriverId"] | null;
            /**
             * Format: date-time
             * @description When it stops working; in the future.
             */
            expires_at?: string | null;
            /** @description What it is for, 1 to 200 characters. */
            name: string;
            /**
             * Format: int32
             * @description Requests per minute, 1 to 1,000,000; none means the installation's default.
             */
            requests_per_minute?: number | null;
            /** @description What it may do at most. */
            role: components["schemas"]["Role"];
            /** @description What it may do of that: at most 100 scopes such as `shipments:read`; empty means all that the role may. */
            scopes?: string[];
        };
        /** @description Calls a shipment off. */
        NewCancellation: {
            /** @default null */
            reason: components["schemas"]["Reason"] | null;
            /**
             * @description Why, in words, 1 to 2,000 characters.
             * @default null
             */
            text: string | null;
        };
        /** @description What an actor says is true, whatever was before. The only thing that reopens a shipment that has ended. */
        NewCorrection: {
            /**
             * Format: date-time
             * @description From when it is true; now when left out.
             */
            occurred_at?: string | null;
            reason?: components["schemas"]["Reason"] | null;
            /** @description Why it is corrected, 1 to 2,000 characters. */
            reason_text: string;
            retracts?: components["schemas"]["TrackingEventId"] | null;
            /** @description The true status. */
            status: components["schemas"]["Status"];
            /** @description The finer status, 1 to 100 characters. */
            substatus?: string | null;
        };
        /** @description What a tenant says about a customer. */
        NewCustomer: {
            /** @description Address. */
            address?: components["schemas"]["Address"];
            /** @description E-mail address. */
            email?: string | null;
            /** @description Language for messages, BCP 47. */
            language?: string | null;
            /** @description Name, 1 to 200 characters. */
            name: string;
            /** @description Phone number, E.164. */
            phone?: string | null;
            /** @description The tenant's own reference, unique in the tenant, 1 to 100 characters. */
            reference?: string | null;
        };
        /** @description What a tenant says about a customer. */
        NewCustomerPatch: {
            /** @description Address. */
            address?: components["schemas"]["Address"];
            /** @description E-mail address. */
            email?: string | null;
            /** @description Language for messages, BCP 47. */
            language?: string | null;
            /** @description Name, 1 to 200 characters. */
            name?: string;
            /** @description Phone number, E.164. */
            phone?: string | null;
            /** @description The tenant's own reference, unique in the tenant, 1 to 100 characters. */
            reference?: string | null;
        };
        /** @description A new delivery. `order_id` is a synonym of `reference`, `driver_id` one of `courier_id`. */
        NewDelivery: {
            /** @default null */
            courier_id: components["schemas"]["DriverId"] | null;
            /** @default null */
            customer: components["schemas"]["NewParty"] | null;
            /** @default null */
            customer_id: components["schemas"]["CustomerId"] | null;
            /**
             * @description To where, as one line; `address` is a synonym.
             * @default null
             */
            delivery_address: string | null;
            /** @default null */
            delivery_location: components["schemas"]["Coordinates"] | null;
            /**
             * @description What is in it; `notes` is a synonym.
             * @default null
             */
            description: string | null;
            /**
             * Format: date-time
             * @description Up to when it is promised.
             * @default null
             */
            estimated_delivery: string | null;
            /** @description Free data. */
            metadata?: Record<string, unknown>;
            /**
             * @description From where, as one line.
             * @default null
             */
            pickup_address: string | null;
            /** @default null */
            pickup_location: components["schemas"]["Coordinates"] | null;
            /**
             * @description The caller's own reference, by which it can be read too; there is a synonym.
             * @default null
             */
            reference: string | null;
            /**
             * Format: double
             * @description Weight in kilograms; `weight` is a synonym.
             * @default null
             */
            weight_kg: number | null;
        };
        /** @description What a tenant says about a device. */
        NewDevice: {
            /** @description True when it may not send any more. */
            disabled?: boolean;
            driver_id?: components["schemas"]["DriverId"] | null;
            /** @description How it names itself (IMEI, user/device, free id), unique in the installation, 1 to 100 characters. */
            identifier: string;
            /**
             * Format: float
             * @description The highest speed that is believed of it, in metres per second, 0 to 10,000; 0 for any. When left out, the setting
             *     `filter.max_speed_mps`.
             */
            max_speed_mps?: number | null;
            /** @description Name, 1 to 200 characters; the identifier when left out. */
            name?: string | null;
            vehicle_id?: components["schemas"]["VehicleId"] | null;
        };
        /** @description What a tenant says about a device. */
        NewDevicePatch: {
            /** @description True when it may not send any more. */
            disabled?: boolean;
            driver_id?: components["schemas"]["DriverId"] | null;
            /** @description How it names itself (IMEI, user/device, free id), unique in the installation, 1 to 100 characters. */
            identifier?: string;
            /**
             * Format: float
             * @description The highest speed that is believed of it, in metres per second, 0 to 10,000; 0 for any. When left out, the setting
             *     `filter.max_speed_mps`.
             */
            max_speed_mps?: number | null;
            /** @description Name, 1 to 200 characters; the identifier when left out. */
            name?: string | null;
            vehicle_id?: components["schemas"]["VehicleId"] | null;
        };
        /** @description What a tenant says about a driver. */
        NewDriver: {
            /** @description Whether they work now; on duty unless said otherwise. */
            duty?: components["schemas"]["DutyState"];
            /** @description Name, 1 to 200 characters. */
            name: string;
            /** @description Phone number, E.164. */
            phone?: string | null;
            /** @description The tenant's own reference, unique in the tenant, 1 to 100 characters. */
            reference?: string | null;
            vehicle_id?: components["schemas"]["VehicleId"] | null;
        };
        /** @description What a tenant says about a driver. */
        NewDriverPatch: {
            /** @description Whether they work now; on duty unless said otherwise. */
            duty?: components["schemas"]["DutyState"];
            /** @description Name, 1 to 200 characters. */
            name?: string;
            /** @description Phone number, E.164. */
            phone?: string | null;
            /** @description The tenant's own reference, unique in the tenant, 1 to 100 characters. */
            reference?: string | null;
            vehicle_id?: components["schemas"]["VehicleId"] | null;
        };
        /** @description What a tenant says about an endpoint. */
        NewEndpoint: {
            /** @description What it is for, 1 to 500 characters. */
            description?: string | null;
            /** @description Which event types it wants: exact names, their aliases, or a prefix with `.*`; empty means all. */
            event_types?: string[];
            /**
             * @description `active`, or `paused`: then messages wait. Sent back, `disabled` stays; `active` switches a disabled endpoint on
             *     again.
             */
            state?: components["schemas"]["EndpointState"];
            /** @description Where messages go: http or https, at most 2,048 characters, never a private address unless the installation allows it. */
            url: string;
        };
        /** @description What a tenant says about an endpoint. */
        NewEndpointPatch: {
            /** @description What it is for, 1 to 500 characters. */
            description?: string | null;
            /** @description Which event types it wants: exact names, their aliases, or a prefix with `.*`; empty means all. */
            event_types?: string[];
            /**
             * @description `active`, or `paused`: then messages wait. Sent back, `disabled` stays; `active` switches a disabled endpoint on
             *     again.
             */
            state?: components["schemas"]["EndpointState"];
            /** @description Where messages go: http or https, at most 2,048 characters, never a private address unless the installation allows it. */
            url?: string;
        };
        /** @description A fact that somebody states. */
        NewFact: {
            /**
             * @description True when the shipment will be late.
             * @default false
             */
            delayed: boolean;
            /**
             * @description What it is.
             * @default scan
             */
            kind: components["schemas"]["NewFactKind"];
            /** @default null */
            leg_id: components["schemas"]["LegId"] | null;
            /**
             * Format: date-time
             * @description When it happened, from 1970 on, at most five minutes ahead of our clock; now when left out. It may lie before the
             *     shipment was entered.
             * @default null
             */
            occurred_at: string | null;
            /**
             * Format: int32
             * @description The offset of the local time that the source stated, in seconds east of UTC, -64,800 to 64,800.
             * @default null
             */
            offset_seconds: number | null;
            /** @default null */
            package_id: components["schemas"]["PackageId"] | null;
            /** @default null */
            place: components["schemas"]["Place"] | null;
            /**
             * @description The source's own code, 1 to 100 characters.
             * @default null
             */
            raw_code: string | null;
            /**
             * @description The source's own words, 1 to 2,000 characters.
             * @default null
             */
            raw_text: string | null;
            /** @default null */
            reason: components["schemas"]["Reason"] | null;
            /** @default null */
            status: components["schemas"]["Status"] | null;
            /**
             * @description The finer status, 1 to 100 characters.
             * @default null
             */
            substatus: string | null;
        };
        /**
         * @description The kinds of facts that are stated directly. Corrections and retractions have bodies of their own.
         * @enum {string}
         */
        NewFactKind: "scan" | "note";
        /** @description A stretch under one carrier. */
        NewLeg: {
            /** @description Mode `carrier`: which carrier, 1 to 100 characters. */
            carrier?: string | null;
            destination_id?: components["schemas"]["LocationId"] | null;
            driver_id?: components["schemas"]["DriverId"] | null;
            /** @description Under whom it runs. */
            mode: components["schemas"]["LegMode"];
            origin_id?: components["schemas"]["LocationId"] | null;
            /** @description Mode `carrier`: under which number, 1 to 100 characters. */
            tracking_number?: string | null;
        };
        /** @description A stretch under one carrier. */
        NewLegPatch: {
            /** @description Mode `carrier`: which carrier, 1 to 100 characters. */
            carrier?: string | null;
            destination_id?: components["schemas"]["LocationId"] | null;
            driver_id?: components["schemas"]["DriverId"] | null;
            /** @description Under whom it runs. */
            mode?: components["schemas"]["LegMode"];
            origin_id?: components["schemas"]["LocationId"] | null;
            /** @description Mode `carrier`: under which number, 1 to 100 characters. */
            tracking_number?: string | null;
        };
        /** @description A new public tracking link. */
        NewLink: {
            /**
             * Format: date-time
             * @description When it stops working; some days after the shipment has ended when left out (tenant setting).
             * @default null
             */
            expires_at: string | null;
        };
        /** @description What a tenant says about a location. */
        NewLocation: {
            /** @description Address; without its point nothing can arrive there by position. */
            address?: components["schemas"]["Address"];
            /** @description What kind of place it is. */
            location_type?: components["schemas"]["LocationType"];
            /** @description Name, 1 to 200 characters. */
            name: string;
            /**
             * Format: double
             * @description Radius of its zone in metres, 20 to 5,000; none means the tenant's setting.
             */
            radius_m?: number | null;
            /** @description The tenant's own reference, unique in the tenant, 1 to 100 characters. */
            reference?: string | null;
            /** @description Time zone, IANA name. */
            time_zone?: string | null;
        };
        /** @description What a tenant says about a location. */
        NewLocationPatch: {
            /** @description Address; without its point nothing can arrive there by position. */
            address?: components["schemas"]["Address"];
            /** @description What kind of place it is. */
            location_type?: components["schemas"]["LocationType"];
            /** @description Name, 1 to 200 characters. */
            name?: string;
            /**
             * Format: double
             * @description Radius of its zone in metres, 20 to 5,000; none means the tenant's setting.
             */
            radius_m?: number | null;
            /** @description The tenant's own reference, unique in the tenant, 1 to 100 characters. */
            reference?: string | null;
            /** @description Time zone, IANA name. */
            time_zone?: string | null;
        };
        /** @description A new order. `reference` is a synonym of `orderNumber`. */
        NewOrder: {
            /** @default null */
            customer: components["schemas"]["NewParty"] | null;
            /** @default null */
            customerId: components["schemas"]["CustomerId"] | null;
            /**
             * @description To where, as one line; `address` is a synonym.
             * @default null
             */
            deliveryAddress: string | null;
            /** @default null */
            deliveryLocation: components["schemas"]["Coordinates"] | null;
            /** @default null */
            driverId: components["schemas"]["DriverId"] | null;
            /**
             * Format: date-time
             * @description Up to when it is promised.
             * @default null
             */
            estimatedDelivery: string | null;
            /**
             * @description What was ordered.
             * @default []
             */
            items: components["schemas"]["OrderItem"][];
            /**
             * @description The caller's own reference, by which it can be read too; there is a synonym.
             * @default null
             */
            orderNumber: string | null;
            /**
             * @description From where, as one line.
             * @default null
             */
            pickupAddress: string | null;
            /** @default null */
            pickupLocation: components["schemas"]["Coordinates"] | null;
        };
        /** @description A parcel. */
        NewPackage: {
            /**
             * @description What is in it, 1 to 500 characters.
             * @default null
             */
            description: string | null;
            /** @description Free data ("fragile"); an object of at most 16 KiB. */
            metadata?: Record<string, unknown>;
            /**
             * @description Tracking number, unique in the tenant, 1 to 100 characters.
             * @default null
             */
            tracking_number: string | null;
            /**
             * Format: double
             * @description Weight in kilograms, 0 to 100,000.
             * @default null
             */
            weight_kg: number | null;
        };
        /** @description A parcel. */
        NewPackagePatch: {
            /**
             * @description What is in it, 1 to 500 characters.
             * @default null
             */
            description: string | null;
            /** @description Free data ("fragile"); an object of at most 16 KiB. */
            metadata?: Record<string, unknown>;
            /**
             * @description Tracking number, unique in the tenant, 1 to 100 characters.
             * @default null
             */
            tracking_number: string | null;
            /**
             * Format: double
             * @description Weight in kilograms, 0 to 100,000.
             * @default null
             */
            weight_kg: number | null;
        };
        /** @description Who something is for, as a new customer. */
        NewParty: {
            /** @description Address as one line. */
            address?: string | null;
            /** @description E-mail address. */
            email?: string | null;
            /** @description Name, 1 to 200 characters. */
            name: string;
            /** @description Phone number, E.164; `contact` is a synonym. */
            phone?: string | null;
        };
        /** @description Takes a fact back: it did not happen. */
        NewRetraction: {
            /** @description The fact that did not happen. */
            event_id: components["schemas"]["TrackingEventId"];
            /** @description Why it is taken back, 1 to 2,000 characters. */
            reason_text: string;
        };
        /** @description Sends a shipment back. */
        NewReturn: {
            /**
             * @description The stretches of the way back, at most 20. Left out: one fleet leg from the destination to the origin.
             * @default []
             */
            legs: components["schemas"]["NewLeg"][];
            /** @default null */
            reason: components["schemas"]["Reason"] | null;
        };
        /** @description A new shipment, with everything that belongs to it. */
        NewShipment: {
            /** @default null */
            destination: components["schemas"]["NewLocation"] | null;
            /** @default null */
            destination_id: components["schemas"]["LocationId"] | null;
            /** @default null */
            driver_id: components["schemas"]["DriverId"] | null;
            /**
             * Format: date-time
             * @description Delivery is promised from this instant on.
             * @default null
             */
            eta_from: string | null;
            /**
             * Format: date-time
             * @description Delivery is promised up to this instant.
             * @default null
             */
            eta_to: string | null;
            /**
             * @description Its stretches in order, at most 20. Left out: one fleet leg from origin to destination.
             * @default []
             */
            legs: components["schemas"]["NewLeg"][];
            /** @description Free data; an object of at most 16 KiB. */
            metadata?: Record<string, unknown>;
            /** @default null */
            milestones: components["schemas"]["MilestonePolicy"] | null;
            /** @default null */
            origin: components["schemas"]["NewLocation"] | null;
            /** @default null */
            origin_id: components["schemas"]["LocationId"] | null;
            /**
             * @description Its parcels, at most 100.
             * @default []
             */
            packages: components["schemas"]["NewPackage"][];
            /** @default null */
            recipient: components["schemas"]["NewCustomer"] | null;
            /** @default null */
            recipient_id: components["schemas"]["CustomerId"] | null;
            /**
             * @description The tenant's own reference (order number), unique in the tenant, 1 to 100 characters.
             * @default null
             */
            reference: string | null;
            /** @default null */
            sender: components["schemas"]["NewCustomer"] | null;
            /** @default null */
            sender_id: components["schemas"]["CustomerId"] | null;
        };
        /** @description What is said about a tenant. */
        NewTenant: {
            /** @description Its name, shown on tracking pages, 1 to 200 characters. */
            name: string;
            /** @description What it sets. */
            settings?: components["schemas"]["TenantSettings"];
            /** @description Its short name in URLs and topics, unique: lower-case letters, digits and hyphens, 1 to 40. */
            slug: string;
        };
        /** @description What is said about a tenant. */
        NewTenantPatch: {
            /** @description Its name, shown on tracking pages, 1 to 200 characters. */
            name?: string;
            /** @description What it sets. */
            settings?: components["schemas"]["TenantSettings"];
            /** @description Its short name in URLs and topics, unique: lower-case letters, digits and hyphens, 1 to 40. */
            slug?: string;
        };
        /** @description What is said about a user. */
        NewUser: {
            customer_id?: components["schemas"]["CustomerId"] | null;
            /** @description True when they may not log in any more; their tokens stop working at once. */
            disabled?: boolean;
            driver_id?: components["schemas"]["DriverId"] | null;
            /** @description What they log in with, in any case, unique in the installation, at most 254 characters. */
            email: string;
            /** @description Their name, 1 to 200 characters. */
            name: string;
            /**
             * Format: password
             * @description Their password, 10 to 200 characters; needed when they are made. A new one ends all their sessions.
             */
            password?: string | null;
            /** @description What they may do; not `device`. */
            role: components["schemas"]["Role"];
        };
        /** @description What is said about a user. */
        NewUserPatch: {
            customer_id?: components["schemas"]["CustomerId"] | null;
            /** @description True when they may not log in any more; their tokens stop working at once. */
            disabled?: boolean;
            driver_id?: components["schemas"]["DriverId"] | null;
            /** @description What they log in with, in any case, unique in the installation, at most 254 characters. */
            email?: string;
            /** @description Their name, 1 to 200 characters. */
            name?: string;
            /**
             * Format: password
             * @description Their password, 10 to 200 characters; needed when they are made. A new one ends all their sessions.
             */
            password?: string | null;
            /** @description What they may do; not `device`. */
            role?: components["schemas"]["Role"];
        };
        /** @description What a tenant says about a vehicle. */
        NewVehicle: {
            /**
             * Format: double
             * @description What it can carry, in kilograms, 0 to 1,000,000.
             */
            capacity_kg?: number | null;
            /** @description The tenant's own reference (plate), unique in the tenant, 1 to 100 characters. */
            reference?: string | null;
            /** @description What it can do: refrigerated, tail lift, the tenant's own words; at most 50 of 1 to 50 characters. */
            skills?: string[];
            /** @description What kind it is: bicycle, van, truck, or the tenant's own word, 1 to 50 characters. */
            vehicle_type: string;
        };
        /** @description What a tenant says about a vehicle. */
        NewVehiclePatch: {
            /**
             * Format: double
             * @description What it can carry, in kilograms, 0 to 1,000,000.
             */
            capacity_kg?: number | null;
            /** @description The tenant's own reference (plate), unique in the tenant, 1 to 100 characters. */
            reference?: string | null;
            /** @description What it can do: refrigerated, tail lift, the tenant's own words; at most 50 of 1 to 50 characters. */
            skills?: string[];
            /** @description What kind it is: bicycle, van, truck, or the tenant's own word, 1 to 50 characters. */
            vehicle_type?: string;
        };
        /** @description What a tenant says about a zone. */
        NewZone: {
            /**
             * @description GeoJSON geometry of at most 100,000 positions: `Polygon`, `MultiPolygon`, a `Point` together with `radius_m` for a
             *     circle, or a `LineString` together with `width_m` for a corridor.
             */
            geometry: Record<string, unknown>;
            location_id?: components["schemas"]["LocationId"] | null;
            /** @description Name, 1 to 200 characters. */
            name: string;
            /**
             * Format: double
             * @description Radius of a circle, in metres, 1 to 1,000,000; none for everything else.
             */
            radius_m?: number | null;
            /** @description The tenant's own reference, unique in the tenant, 1 to 100 characters: imports find the zone by it. */
            reference?: string | null;
            rules?: components["schemas"]["ZoneRules"] | null;
            schedule?: components["schemas"]["ZoneSchedule"] | null;
            speed_limit?: components["schemas"]["SpeedLimit"] | null;
            /**
             * Format: double
             * @description Width of a corridor in all, in metres, 1 to 100,000; none for everything else.
             */
            width_m?: number | null;
        };
        /** @description What a tenant says about a zone. */
        NewZonePatch: {
            /**
             * @description GeoJSON geometry of at most 100,000 positions: `Polygon`, `MultiPolygon`, a `Point` together with `radius_m` for a
             *     circle, or a `LineString` together with `width_m` for a corridor.
             */
            geometry?: Record<string, unknown>;
            location_id?: components["schemas"]["LocationId"] | null;
            /** @description Name, 1 to 200 characters. */
            name?: string;
            /**
             * Format: double
             * @description Radius of a circle, in metres, 1 to 1,000,000; none for everything else.
             */
            radius_m?: number | null;
            /** @description The tenant's own reference, unique in the tenant, 1 to 100 characters: imports find the zone by it. */
            reference?: string | null;
            rules?: components["schemas"]["ZoneRules"] | null;
            schedule?: components["schemas"]["ZoneSchedule"] | null;
            speed_limit?: components["schemas"]["SpeedLimit"] | null;
            /**
             * Format: double
             * @description Width of a corridor in all, in metres, 1 to 100,000; none for everything else.
             */
            width_m?: number | null;
        };
        /** @description An order. */
        Order: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            customerId?: components["schemas"]["CustomerId"] | null;
            /**
             * Format: date-time
             * @description When it was delivered.
             */
            deliveredAt?: string | null;
            /** @description To where, as one line; not in lists. */
            deliveryAddress?: string | null;
            deliveryLocation?: components["schemas"]["Coordinates"] | null;
            driverId?: components["schemas"]["DriverId"] | null;
            /**
             * Format: date-time
             * @description Up to when it is promised.
             */
            estimatedDelivery?: string | null;
            /** @description Its id. */
            id: components["schemas"]["ShipmentId"];
            /** @description What was ordered. */
            items: components["schemas"]["OrderItem"][];
            /** @description The caller's own reference. */
            orderNumber?: string | null;
            /** @description From where, as one line; not in lists. */
            pickupAddress?: string | null;
            pickupLocation?: components["schemas"]["Coordinates"] | null;
            /**
             * @description `pending` or `placed`, `assigned`, `picked_up`, `in_transit`, `out_for_delivery`, `delivered`, `failed`,
             *     `cancelled`, or another word of ours.
             */
            status: string;
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updatedAt: string;
        };
        /** @description Which order is to be brought by whom. */
        OrderAssignment: {
            driverId?: components["schemas"]["DriverId"] | null;
            /** @description The order, by its id or its number. */
            orderId: string;
        };
        /** @description What happened to an order. */
        OrderHistory: {
            /** @description What happened, oldest first. */
            history: components["schemas"]["OrderStep"][];
            /** @description Its id. */
            orderId: components["schemas"]["ShipmentId"];
        };
        /** @description One thing that was ordered. */
        OrderItem: {
            /** @description What; `productName` is a synonym. */
            name: string;
            /**
             * Format: double
             * @description What one costs, in the caller's currency.
             */
            price?: number | null;
            /** @description The caller's number for it. */
            productId?: string | null;
            /**
             * Format: int64
             * @description How many; one when left out.
             */
            quantity?: number;
        };
        /** @description One thing that happened to an order. */
        OrderStep: {
            /** @description What was said about it. */
            description?: string | null;
            location?: components["schemas"]["Coordinates"] | null;
            /** @description In which city. */
            place?: string | null;
            /** @description The status it led to. */
            status: string;
            /**
             * Format: date-time
             * @description When.
             */
            timestamp: string;
        };
        /** @description Where an order stands and is. */
        OrderTracking: {
            /**
             * Format: date-time
             * @description When it was delivered.
             */
            deliveredAt?: string | null;
            deliveryLocation?: components["schemas"]["Coordinates"] | null;
            driverId?: components["schemas"]["DriverId"] | null;
            driverLocation?: components["schemas"]["Whereabouts"] | null;
            /**
             * Format: date-time
             * @description Up to when it is promised.
             */
            estimatedDelivery?: string | null;
            /**
             * Format: date-time
             * @description Since when it stands there.
             */
            lastUpdated: string;
            /** @description Its id. */
            orderId: components["schemas"]["ShipmentId"];
            /** @description The caller's own number. */
            orderNumber?: string | null;
            /** @description Where it stands. */
            status: string;
        };
        /** @description A parcel. */
        Package: {
            /**
             * Format: date-time
             * @description When the record was made.
             */
            created_at: string;
            /** @description What is in it. */
            description?: string | null;
            /** @description Its id. */
            id: components["schemas"]["PackageId"];
            /** @description Free data of the tenant ("fragile"); an object. */
            metadata: Record<string, unknown>;
            /** @description The shipment it belongs to. */
            shipment_id: components["schemas"]["ShipmentId"];
            /** @description Its tenant. */
            tenant_id: components["schemas"]["TenantId"];
            /** @description Tracking number, unique in the tenant. */
            tracking_number?: string | null;
            /**
             * Format: int64
             * @description Grows with each write.
             */
            version: number;
            /**
             * Format: double
             * @description Weight in kilograms, 0 to 100,000.
             */
            weight_kg?: number | null;
        };
        PackageId: string;
        /** @description One page of a list. */
        Page_ApiKey: {
            /** @description True when there is a next page. */
            has_more: boolean;
            /** @description The entries of this page. */
            items: {
                /**
                 * Format: date-time
                 * @description When it was made.
                 */
                created_at: string;
                customer_id?: components["schemas"]["CustomerId"] | null;
                device_id?: components["schemas"]["DeviceId"] | null;
                driver_id?: components["schemas"]["DriverId"] | null;
                /**
                 * Format: date-time
                 * @description When it stops working.
                 */
                expires_at?: string | null;
                /** @description Its id. */
                id: components["schemas"]["ApiKeyId"];
                /**
                 * Format: date-time
                 * @description When it was last used, to the minute.
                 */
                last_used_at?: string | null;
                /** @description What it is for. */
                name: string;
                /**
                 * Format: int32
                 * @description Requests per minute; none means the installation's default.
                 */
                requests_per_minute?: number | null;
                /**
                 * Format: date-time
                 * @description When it was revoked.
                 */
                revoked_at?: string | null;
                /** @description What it may do at most. */
                role: components["schemas"]["Role"];
                /** @description What it may do of that: scopes such as `shipments:read`; empty means all that the role may. */
                scopes: string[];
                /** @description Its tenant. */
                tenant_id: components["schemas"]["TenantId"];
            }[];
            /** @description What to send as `cursor` for the next page, with the same filter; none on the last page. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Attempt: {
            /** @description True when there is a next page. */
            has_more: boolean;
            /** @description The entries of this page. */
            items: {
                /**
                 * Format: date-time
                 * @description When it was made.
                 */
                at: string;
                /** @description What went wrong, or the first 1,000 characters of the answer's body. */
                detail?: string | null;
                /**
                 * Format: int64
                 * @description How long it took, in milliseconds.
                 */
                duration_ms: number;
                /** @description Where it went. */
                endpoint_id: components["schemas"]["EndpointId"];
                /**
                 * Format: int32
                 * @description The HTTP status answered.
                 */
                http_status?: number | null;
                /** @description Its id. */
                id: components["schemas"]["AttemptId"];
                /** @description Which message. */
                message_id: components["schemas"]["MessageId"];
                /**
                 * Format: int32
                 * @description The how-manieth it was, from 1.
                 */
                number: number;
                /** @description How it ended. */
                outcome: components["schemas"]["AttemptOutcome"];
                /** @description Its tenant. */
                tenant_id: components["schemas"]["TenantId"];
            }[];
            /** @description What to send as `cursor` for the next page, with the same filter; none on the last page. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_AuditEntry: {
            /** @description True when there is a next page. */
            has_more: boolean;
            /** @description The entries of this page. */
            items: {
                /** @description What was done, as `thing.verb`: `customer.updated`, `api_key.revoked`. */
                action: string;
                /** @description Who did it. */
                actor: components["schemas"]["Actor"];
                /**
                 * Format: date-time
                 * @description When it was done.
                 */
                at: string;
                /** @description What there is to say; an object, without secrets. */
                data: Record<string, unknown>;
                /** @description Its id. */
                id: components["schemas"]["AuditId"];
                /** @description The id of the thing it was done to, in its text form. */
                target?: string | null;
                /** @description Its tenant. */
                tenant_id: components["schemas"]["TenantId"];
            }[];
            /** @description What to send as `cursor` for the next page, with the same filter; none on the last page. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Customer: {
            /** @description True when there is a next page. */
            has_more: boolean;
            /** @description The entries of this page. */
            items: {
                /** @description Address. */
                address: components["schemas"]["Address"];
                /**
                 * Format: date-time
                 * @description When the record was made.
                 */
                created_at: string;
                /** @description E-mail address. */
                email?: string | null;
                /** @description Their id. */
                id: components["schemas"]["CustomerId"];
                /** @description Language for messages, BCP 47. */
                language?: string | null;
                /** @description Name. */
                name: string;
                /** @description Phone number, E.164. */
                phone?: string | null;
                /** @description The tenant's own reference, unique in the tenant. */
                reference?: string | null;
                /** @description Their tenant. */
                tenant_id: components["schemas"]["TenantId"];
                /**
                 * Format: date-time
                 * @description When it was last changed.
                 */
                updated_at: string;
                /**
                 * Format: int64
                 * @description Grows with each write.
                 */
                version: number;
            }[];
            /** @description What to send as `cursor` for the next page, with the same filter; none on the last page. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Delivery: {
            /** @description True when there is a next page. */
            has_more: boolean;
            /** @description The entries of this page. */
            items: {
                courier_id?: components["schemas"]["DriverId"] | null;
                courier_location?: components["schemas"]["Whereabouts"] | null;
                /**
                 * Format: date-time
                 * @description When it was made.
                 */
                created_at: string;
                customer_id?: components["schemas"]["CustomerId"] | null;
                /**
                 * Format: date-time
                 * @description When it was delivered.
                 */
                delivered_at?: string | null;
                /** @description To where, as one line; not in lists. */
                delivery_address?: string | null;
                delivery_location?: components["schemas"]["Coordinates"] | null;
                /**
                 * Format: date-time
                 * @description Up to when it is promised.
                 */
                estimated_delivery?: string | null;
                /** @description Its id. */
                id: components["schemas"]["ShipmentId"];
                /**
                 * Format: date-time
                 * @description When it was picked up.
                 */
                picked_up_at?: string | null;
                /** @description From where, as one line; not in lists. */
                pickup_address?: string | null;
                pickup_location?: components["schemas"]["Coordinates"] | null;
                /** @description The caller's own reference. */
                reference?: string | null;
                /**
                 * @description `pending` or `placed`, `assigned`, `picked_up`, `in_transit`, `out_for_delivery`, `delivered`, `failed`,
                 *     `cancelled`, or another word of ours.
                 */
                status: string;
                /**
                 * Format: date-time
                 * @description When it was last changed.
                 */
                updated_at: string;
            }[];
            /** @description What to send as `cursor` for the next page, with the same filter; none on the last page. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Device: {
            /** @description True when there is a next page. */
            has_more: boolean;
            /** @description The entries of this page. */
            items: {
                /**
                 * Format: date-time
                 * @description When the record was made.
                 */
                created_at: string;
                /** @description True when it may not send any more. */
                disabled: boolean;
                driver_id?: components["schemas"]["DriverId"] | null;
                /** @description True when a credential is set: messages without it are refused. */
                has_credential: boolean;
                /** @description Its id. */
                id: components["schemas"]["DeviceId"];
                /** @description How it names itself (IMEI, user/device, free id), unique in the installation: some protocols carry no tenant. */
                identifier: string;
                /**
                 * Format: float
                 * @description The highest speed that is believed of it, in metres per second, 0 to 10,000; 0 for any, none for the setting
                 *     `filter.max_speed_mps`.
                 */
                max_speed_mps?: number | null;
                /** @description Name. */
                name: string;
                /** @description Its tenant. */
                tenant_id: components["schemas"]["TenantId"];
                /**
                 * Format: date-time
                 * @description When it was last changed.
                 */
                updated_at: string;
                vehicle_id?: components["schemas"]["VehicleId"] | null;
                /**
                 * Format: int64
                 * @description Grows with each write.
                 */
                version: number;
            }[];
            /** @description What to send as `cursor` for the next page, with the same filter; none on the last page. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Driver: {
            /** @description True when there is a next page. */
            has_more: boolean;
            /** @description The entries of this page. */
            items: {
                /**
                 * Format: date-time
                 * @description When the record was made.
                 */
                created_at: string;
                /** @description Whether they work now. */
                duty: components["schemas"]["DutyState"];
                /** @description Their id. */
                id: components["schemas"]["DriverId"];
                /** @description Name. */
                name: string;
                /** @description Phone number, E.164. */
                phone?: string | null;
                /** @description The tenant's own reference, unique in the tenant. */
                reference?: string | null;
                /** @description Their tenant. */
                tenant_id: components["schemas"]["TenantId"];
                /**
                 * Format: date-time
                 * @description When it was last changed.
                 */
                updated_at: string;
                vehicle_id?: components["schemas"]["VehicleId"] | null;
                /**
                 * Format: int64
                 * @description Grows with each write.
                 */
                version: number;
            }[];
            /** @description What to send as `cursor` for the next page, with the same filter; none on the last page. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Endpoint: {
            /** @description True when there is a next page. */
            has_more: boolean;
            /** @description The entries of this page. */
            items: {
                /**
                 * Format: date-time
                 * @description When the record was made.
                 */
                created_at: string;
                /** @description What it is for. */
                description?: string | null;
                /** @description Why it was disabled. */
                disabled_reason?: string | null;
                /** @description Which event types it wants: exact names, their seed-system aliases, or a prefix with `.*`; empty means all. */
                event_types: string[];
                /**
                 * Format: date-time
                 * @description Since when every attempt has failed; none when the last one succeeded.
                 */
                failing_since?: string | null;
                /** @description Its id. */
                id: components["schemas"]["EndpointId"];
                /** @description Whether it gets messages. */
                state: components["schemas"]["EndpointState"];
                /** @description Its tenant. */
                tenant_id: components["schemas"]["TenantId"];
                /**
                 * Format: date-time
                 * @description When it was last changed.
                 */
                updated_at: string;
                /** @description Where messages go: http or https, never a private address unless the installation allows it. */
                url: string;
                /**
                 * Format: int64
                 * @description Grows with each write.
                 */
                version: number;
            }[];
            /** @description What to send as `cursor` for the next page, with the same filter; none on the last page. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_EventView: {
            /** @description True when there is a next page. */
            has_more: boolean;
            /** @description The entries of this page. */
            items: {
                /** @description The fact. */
                event: components["schemas"]["TrackingEvent"];
                /** @description How the fold took it. */
                flags: components["schemas"]["EventFlags"];
            }[];
            /** @description What to send as `cursor` for the next page, with the same filter; none on the last page. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_LatestPosition: {
            /** @description True when there is a next page. */
            has_more: boolean;
            /** @description The entries of this page. */
            items: (components["schemas"]["DeviceLatest"] & {
                /** @description True when the fix was taken within the last 15 seconds. */
                fresh: boolean;
            })[];
            /** @description What to send as `cursor` for the next page, with the same filter; none on the last page. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Leg: {
            /** @description True when there is a next page. */
            has_more: boolean;
            /** @description The entries of this page. */
            items: {
                /** @description Mode `carrier`: which carrier. */
                carrier?: string | null;
                /**
                 * Format: date-time
                 * @description When the record was made.
                 */
                created_at: string;
                destination_id?: components["schemas"]["LocationId"] | null;
                driver_id?: components["schemas"]["DriverId"] | null;
                /**
                 * Format: date-time
                 * @description Since when that driver has it: what their position was before proves nothing about it.
                 */
                driver_since?: string | null;
                /**
                 * Format: date-time
                 * @description When it ended.
                 */
                ended_at?: string | null;
                /** @description Its id. */
                id: components["schemas"]["LegId"];
                /** @description True for the way back. */
                is_return: boolean;
                /** @description Under whom it runs. */
                mode: components["schemas"]["LegMode"];
                origin_id?: components["schemas"]["LocationId"] | null;
                /**
                 * Format: int32
                 * @description Its place in the order of the legs, from 1.
                 */
                position: number;
                /** @description The shipment it belongs to. */
                shipment_id: components["schemas"]["ShipmentId"];
                /**
                 * Format: date-time
                 * @description When it began.
                 */
                started_at?: string | null;
                /** @description Where it stands. */
                state: components["schemas"]["LegState"];
                /** @description Its tenant. */
                tenant_id: components["schemas"]["TenantId"];
                /** @description Mode `carrier`: under which number. */
                tracking_number?: string | null;
                /**
                 * Format: int64
                 * @description Grows with each write.
                 */
                version: number;
            }[];
            /** @description What to send as `cursor` for the next page, with the same filter; none on the last page. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_LinkView: {
            /** @description True when there is a next page. */
            has_more: boolean;
            /** @description The entries of this page. */
            items: {
                /** @description The link. */
                link: components["schemas"]["TrackingLink"];
                /** @description The token behind `/t/`. */
                token: string;
                /** @description The address of the page. */
                url: string;
            }[];
            /** @description What to send as `cursor` for the next page, with the same filter; none on the last page. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Location: {
            /** @description True when there is a next page. */
            has_more: boolean;
            /** @description The entries of this page. */
            items: {
                /** @description Address with its point. */
                address: components["schemas"]["Address"];
                /**
                 * Format: date-time
                 * @description When the record was made.
                 */
                created_at: string;
                /** @description Its id. */
                id: components["schemas"]["LocationId"];
                /** @description What kind of place it is. */
                location_type: components["schemas"]["LocationType"];
                /** @description Name. */
                name: string;
                /**
                 * Format: double
                 * @description Radius of its zone in metres, 20 to 5,000; none means the tenant's setting.
                 */
                radius_m?: number | null;
                /** @description The tenant's own reference, unique in the tenant. */
                reference?: string | null;
                /** @description Its tenant. */
                tenant_id: components["schemas"]["TenantId"];
                /** @description Time zone, IANA name. */
                time_zone?: string | null;
                /**
                 * Format: date-time
                 * @description When it was last changed.
                 */
                updated_at: string;
                /**
                 * Format: int64
                 * @description Grows with each write.
                 */
                version: number;
            }[];
            /** @description What to send as `cursor` for the next page, with the same filter; none on the last page. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_LoggedEvent: {
            /** @description True when there is a next page. */
            has_more: boolean;
            /** @description The entries of this page. */
            items: {
                /** @description What happened. */
                event: components["schemas"]["Event"];
                /**
                 * @description Its place in the log: what to send as `after`, or as `Last-Event-ID` of a live stream, to go on behind it.
                 * @example 0-42
                 */
                id: string;
            }[];
            /** @description What to send as `cursor` for the next page, with the same filter; none on the last page. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Message: {
            /** @description True when there is a next page. */
            has_more: boolean;
            /** @description The entries of this page. */
            items: {
                /**
                 * Format: int32
                 * @description How many attempts were made.
                 */
                attempts: number;
                /** @description The exact body, signed on each attempt. */
                body: string;
                /**
                 * Format: date-time
                 * @description When it was made.
                 */
                created_at: string;
                /** @description Where it goes. */
                endpoint_id: components["schemas"]["EndpointId"];
                event_id?: components["schemas"]["EventId"] | null;
                /** @description Its type. */
                event_type: string;
                /** @description Its id. */
                id: components["schemas"]["MessageId"];
                /**
                 * Format: date-time
                 * @description When the next attempt is due.
                 */
                next_attempt_at?: string | null;
                shipment_id?: components["schemas"]["ShipmentId"] | null;
                /** @description Where it stands. */
                state: components["schemas"]["MessageState"];
                /** @description Its tenant. */
                tenant_id: components["schemas"]["TenantId"];
            }[];
            /** @description What to send as `cursor` for the next page, with the same filter; none on the last page. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Package: {
            /** @description True when there is a next page. */
            has_more: boolean;
            /** @description The entries of this page. */
            items: {
                /**
                 * Format: date-time
                 * @description When the record was made.
                 */
                created_at: string;
                /** @description What is in it. */
                description?: string | null;
                /** @description Its id. */
                id: components["schemas"]["PackageId"];
                /** @description Free data of the tenant ("fragile"); an object. */
                metadata: Record<string, unknown>;
                /** @description The shipment it belongs to. */
                shipment_id: components["schemas"]["ShipmentId"];
                /** @description Its tenant. */
                tenant_id: components["schemas"]["TenantId"];
                /** @description Tracking number, unique in the tenant. */
                tracking_number?: string | null;
                /**
                 * Format: int64
                 * @description Grows with each write.
                 */
                version: number;
                /**
                 * Format: double
                 * @description Weight in kilograms, 0 to 100,000.
                 */
                weight_kg?: number | null;
            }[];
            /** @description What to send as `cursor` for the next page, with the same filter; none on the last page. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Shipment: {
            /** @description True when there is a next page. */
            has_more: boolean;
            /** @description The entries of this page. */
            items: {
                /**
                 * Format: int32
                 * @description Failed attempts that count.
                 */
                attempts: number;
                /**
                 * Format: date-time
                 * @description When the record was made.
                 */
                created_at: string;
                /** @description A source said that it will be late. */
                delayed: boolean;
                /**
                 * Format: date-time
                 * @description When it was delivered.
                 */
                delivered_at?: string | null;
                destination_id?: components["schemas"]["LocationId"] | null;
                driver_id?: components["schemas"]["DriverId"] | null;
                /**
                 * Format: date-time
                 * @description Delivery is promised from this instant on.
                 */
                eta_from?: string | null;
                /**
                 * Format: date-time
                 * @description Delivery is promised up to this instant.
                 */
                eta_to?: string | null;
                /** @description Its id. */
                id: components["schemas"]["ShipmentId"];
                /** @description Free data of the tenant; an object. */
                metadata: Record<string, unknown>;
                /** @description How far positions alone may move it. */
                milestones: components["schemas"]["MilestonePolicy"];
                origin_id?: components["schemas"]["LocationId"] | null;
                /**
                 * Format: date-time
                 * @description When it was picked up.
                 */
                picked_up_at?: string | null;
                reason?: components["schemas"]["Reason"] | null;
                recipient_id?: components["schemas"]["CustomerId"] | null;
                /** @description The tenant's own reference (order number), unique in the tenant. */
                reference?: string | null;
                /** @description It is on its way back under a leg of its own. */
                return_leg: boolean;
                sender_id?: components["schemas"]["CustomerId"] | null;
                /**
                 * Format: int64
                 * @description The number of the newest event of this shipment in the event log.
                 */
                sequence: number;
                /** @description Where it stands: the fold of its facts. */
                status: components["schemas"]["Status"];
                /**
                 * Format: date-time
                 * @description When the deciding fact happened.
                 */
                status_since: string;
                /** @description The finer status. */
                substatus?: string | null;
                /** @description Its tenant. */
                tenant_id: components["schemas"]["TenantId"];
                /**
                 * Format: date-time
                 * @description When it was last changed.
                 */
                updated_at: string;
                /**
                 * Format: int64
                 * @description Grows with each write.
                 */
                version: number;
            }[];
            /** @description What to send as `cursor` for the next page, with the same filter; none on the last page. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Tenant: {
            /** @description True when there is a next page. */
            has_more: boolean;
            /** @description The entries of this page. */
            items: {
                /**
                 * Format: date-time
                 * @description When it was made.
                 */
                created_at: string;
                /** @description Its id. */
                id: components["schemas"]["TenantId"];
                /** @description Its name, shown on tracking pages. */
                name: string;
                /** @description What it has set. */
                settings: components["schemas"]["TenantSettings"];
                /** @description Its short name in URLs and topics: lower-case letters, digits and hyphens, 1 to 40. */
                slug: string;
                /**
                 * Format: int64
                 * @description Grows with each write.
                 */
                version: number;
            }[];
            /** @description What to send as `cursor` for the next page, with the same filter; none on the last page. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_UnknownDevice: {
            /** @description True when there is a next page. */
            has_more: boolean;
            /** @description The entries of this page. */
            items: {
                /**
                 * Format: int64
                 * @description How often.
                 */
                count: number;
                /**
                 * Format: date-time
                 * @description When it first knocked, since the server started.
                 */
                first_seen_at: string;
                /** @description How it names itself: what a device is to have as `identifier`, so that it may come in. */
                identifier: string;
                /**
                 * Format: date-time
                 * @description When it last did.
                 */
                last_seen_at: string;
                /** @description What it speaks. */
                protocol: string;
                /** @description Why. */
                reason: components["schemas"]["SentAway"];
            }[];
            /** @description What to send as `cursor` for the next page, with the same filter; none on the last page. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_User: {
            /** @description True when there is a next page. */
            has_more: boolean;
            /** @description The entries of this page. */
            items: {
                /**
                 * Format: date-time
                 * @description When they were made.
                 */
                created_at: string;
                customer_id?: components["schemas"]["CustomerId"] | null;
                /** @description True when they may not log in any more; their tokens stop working at once. */
                disabled: boolean;
                driver_id?: components["schemas"]["DriverId"] | null;
                /** @description What they log in with, lower-case, unique in the installation. */
                email: string;
                /** @description Their id. */
                id: components["schemas"]["UserId"];
                /** @description Their name. */
                name: string;
                /** @description What they may do. */
                role: components["schemas"]["Role"];
                /** @description Their tenant. */
                tenant_id: components["schemas"]["TenantId"];
                /**
                 * Format: int64
                 * @description Grows with each write.
                 */
                version: number;
            }[];
            /** @description What to send as `cursor` for the next page, with the same filter; none on the last page. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Vehicle: {
            /** @description True when there is a next page. */
            has_more: boolean;
            /** @description The entries of this page. */
            items: {
                /**
                 * Format: double
                 * @description What it can carry, in kilograms, 0 to 1,000,000.
                 */
                capacity_kg?: number | null;
                /**
                 * Format: date-time
                 * @description When the record was made.
                 */
                created_at: string;
                /** @description Its id. */
                id: components["schemas"]["VehicleId"];
                /** @description The tenant's own reference (plate), unique in the tenant. */
                reference?: string | null;
                /** @description What it can do: refrigerated, tail lift, the tenant's own words. */
                skills: string[];
                /** @description Its tenant. */
                tenant_id: components["schemas"]["TenantId"];
                /**
                 * Format: date-time
                 * @description When it was last changed.
                 */
                updated_at: string;
                /** @description What kind it is: bicycle, van, truck, or the tenant's own word. */
                vehicle_type: string;
                /**
                 * Format: int64
                 * @description Grows with each write.
                 */
                version: number;
            }[];
            /** @description What to send as `cursor` for the next page, with the same filter; none on the last page. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_Zone: {
            /** @description True when there is a next page. */
            has_more: boolean;
            /** @description The entries of this page. */
            items: {
                /**
                 * Format: date-time
                 * @description When the record was made.
                 */
                created_at: string;
                /**
                 * @description GeoJSON geometry: `Polygon`, `MultiPolygon`, a `Point` together with `radius_m` for a circle, or a `LineString`
                 *     together with `width_m` for a corridor.
                 */
                geometry: Record<string, unknown>;
                /** @description Its id. */
                id: components["schemas"]["ZoneId"];
                /** @description What it is for. */
                kind: components["schemas"]["ZoneKind"];
                location_id?: components["schemas"]["LocationId"] | null;
                /** @description Name. */
                name: string;
                /**
                 * Format: double
                 * @description Radius of a circle, in metres, 1 to 1,000,000; none for everything else.
                 */
                radius_m?: number | null;
                /** @description The tenant's own reference, unique in the tenant: imports find the zone by it. */
                reference?: string | null;
                rules?: components["schemas"]["ZoneRules"] | null;
                schedule?: components["schemas"]["ZoneSchedule"] | null;
                speed_limit?: components["schemas"]["SpeedLimit"] | null;
                /** @description Its tenant. */
                tenant_id: components["schemas"]["TenantId"];
                /**
                 * Format: date-time
                 * @description When it was last changed.
                 */
                updated_at: string;
                /**
                 * Format: int64
                 * @description Grows with each write.
                 */
                version: number;
                /**
                 * Format: double
                 * @description Width of a corridor in all, in metres, 1 to 100,000; none for everything else.
                 */
                width_m?: number | null;
            }[];
            /** @description What to send as `cursor` for the next page, with the same filter; none on the last page. */
            next_cursor?: string | null;
        };
        /** @description One page of a list. */
        Page_ZoneOccupant: {
            /** @description True when there is a next page. */
            has_more: boolean;
            /** @description The entries of this page. */
            items: {
                /** @description Which device. */
                device_id: components["schemas"]["DeviceId"];
                driver_id?: components["schemas"]["DriverId"] | null;
                /**
                 * Format: date-time
                 * @description When its newest position was taken.
                 */
                fix_time?: string | null;
                /**
                 * Format: date-time
                 * @description Since when it is known to be inside: when it passed the edge, or its first position inside.
                 */
                inside_since: string;
                point?: components["schemas"]["Point"] | null;
                /** @description Whether it is heard of. */
                state: components["schemas"]["Presence"];
            }[];
            /** @description What to send as `cursor` for the next page, with the same filter; none on the last page. */
            next_cursor?: string | null;
        };
        /** @description The state of one part. */
        PartHealth: {
            /** @description What is wrong, when it is not. */
            detail?: string | null;
            /** @description Its name: `store`, `history`, `pipeline`, `webhooks`. */
            name: string;
            /** @description True when it is well. */
            ready: boolean;
        };
        /** @description A new password for oneself. */
        PasswordChange: {
            /**
             * Format: password
             * @description The password from now on.
             */
            new_password: string;
            /**
             * Format: password
             * @description The password until now.
             */
            present_password: string;
        };
        /** @description Where a fact happened, as far as the source says. A city is not a coordinate: the point is never made up. */
        Place: {
            /** @description City. */
            city?: string | null;
            /** @description Country, ISO 3166-1 alpha-2. */
            country?: string | null;
            location_id?: components["schemas"]["LocationId"] | null;
            /** @description What the source calls it. */
            name?: string | null;
            point?: components["schemas"]["Point"] | null;
            /** @description State or region. */
            state?: string | null;
        };
        /** @description A point on the WGS 84 ellipsoid, in degrees. */
        Point: {
            /**
             * Format: double
             * @description Latitude, -90 to 90.
             */
            lat: number;
            /**
             * Format: double
             * @description Longitude, -180 to 180.
             */
            lon: number;
        };
        /** @description One fix. Borrows from the body, so that reading one costs no allocation but for its attributes. */
        PositionInput: {
            /**
             * Format: float
             * @description Radius of 68 % confidence in metres, 0 to 1,000,000.
             */
            accuracy_m?: number | null;
            /**
             * Format: float
             * @description Height in metres, -12,000 to 100,000.
             */
            altitude_m?: number | null;
            /** @description Everything else the device says: an object, at most 50 entries. */
            attributes?: Record<string, unknown>;
            /**
             * Format: float
             * @description Course over ground in degrees clockwise from north, 0 to 360.
             */
            course_deg?: number | null;
            /** @description The device: its id (`dev_...`) or its own identifier. Devices and drivers with one device may leave it out. */
            device?: string | null;
            /**
             * Format: date-time
             * @description When the fix was taken; from 2000 to five minutes ahead of now.
             */
            fix_time: string;
            /**
             * Format: double
             * @description Latitude in degrees, -90 to 90.
             */
            lat: number;
            /**
             * Format: double
             * @description Longitude in degrees, -180 to 180.
             */
            lon: number;
            /**
             * Format: float
             * @description Speed over ground in metres per second, 0 to 500.
             */
            speed_mps?: number | null;
            /**
             * @description False when the device itself says that the fix is not to be trusted.
             * @default true
             */
            valid: boolean;
        };
        /**
         * @description For how long positions are kept: all of them for some days, then one of each device in so many seconds for some more.
         *     Both are kept to once a day, and whole parts of the history at a time, so that a position may stay a week longer.
         */
        PositionRetention: {
            /**
             * Format: int32
             * @description Every position is kept for so many days, 1 to 36,500.
             */
            raw_days: number;
            /**
             * Format: int32
             * @description For so many days more, 0 to 36,500; then it is dropped. Default: 0.
             */
            thinned_days?: number;
            /**
             * Format: int32
             * @description After that the first position of each device in so many seconds is kept, 1 to 86,400. Default: 60.
             */
            thinned_seconds?: number;
        };
        /** @description What became of a batch. One row's bad input never stops another's. */
        PositionsAnswer: {
            /** @description Rows that were taken and are new. */
            accepted: number;
            /** @description Rows that were known already. */
            duplicates: number;
            /** @description Rows that were taken into history only. */
            late: number;
            /** @description Rows that were taken into history with a mark, because they are not believed. */
            marked?: number;
            /** @description Rows that were not taken. */
            rejected: number;
            /** @description Every row that is not simply accepted; with `?rows=all`, every row. */
            rows: components["schemas"]["RowAnswer"][];
        };
        /**
         * @description Whether a device is heard of.
         * @enum {string}
         */
        Presence: "unknown" | "online" | "idle" | "offline";
        /** @description Problem details (RFC 9457), `application/problem+json`. Members beyond these may appear; ignore those you do not know. */
        ProblemBody: {
            /** @description For `illegal-transition`: the statuses that may be set instead. */
            allowed?: components["schemas"]["Status"][] | null;
            /** @description What went wrong this time. */
            detail?: string;
            /** @description Every broken rule, when the input broke any. */
            errors?: components["schemas"]["FieldError"][];
            /** @description This very occurrence, `urn:uuid:` and the request id that also stands in `X-Request-Id` and in the server's log. */
            instance?: string | null;
            /** @description For `forbidden`: the permission that is missing. */
            permission?: string | null;
            /**
             * Format: int32
             * @description The HTTP status.
             */
            status: number;
            /** @description The kind in words; the same for every problem of the kind. */
            title: string;
            /**
             * @description What kind of problem it is: `/problems/<name>`, a page that explains it.
             * @example /problems/not-found
             */
            type: string;
            /** @description For `quota-exceeded`: the names of the limits, as in the `RateLimit-Policy` field. */
            "violated-policies"?: string[] | null;
        };
        /** @description Where a shipment is. */
        PublicPosition: {
            /**
             * Format: float
             * @description Its course over ground, in degrees clockwise from north.
             */
            course_deg?: number | null;
            /**
             * Format: date-time
             * @description When it was there.
             */
            fix_time: string;
            /**
             * Format: double
             * @description Latitude in degrees.
             */
            lat: number;
            /**
             * Format: double
             * @description Longitude in degrees.
             */
            lon: number;
        };
        /** @description One thing that happened. */
        PublicStep: {
            /**
             * Format: date-time
             * @description When it happened.
             */
            occurred_at: string;
            /**
             * Format: int32
             * @description The offset of the local time that the source stated, in seconds east of UTC.
             */
            offset_seconds?: number | null;
            /** @description In which city. */
            place?: string | null;
            status?: components["schemas"]["Status"] | null;
            /** @description The finer status, where it is one of the documented ones. */
            substatus?: string | null;
            /** @description What happened, in words. */
            text: string;
            /** @description How sure that offset is. */
            tz_confidence: components["schemas"]["TzConfidence"];
        };
        /** @description What a tracking page shows. */
        PublicTracking: {
            /**
             * Format: date-time
             * @description When it was delivered.
             */
            delivered_at?: string | null;
            destination?: components["schemas"]["Point"] | null;
            /**
             * Format: date-time
             * @description Delivery is promised from this instant on.
             */
            eta_from?: string | null;
            /**
             * Format: date-time
             * @description Delivery is promised up to this instant.
             */
            eta_to?: string | null;
            position?: components["schemas"]["PublicPosition"] | null;
            /** @description The first name of the recipient. */
            recipient_first_name?: string | null;
            /** @description The sender's own reference (order number). */
            reference?: string | null;
            /**
             * Format: date-time
             * @description Since when it stands there.
             */
            since: string;
            /** @description Where it stands. */
            status: components["schemas"]["Status"];
            /** @description Where it stands, in words. */
            status_text: string;
            /** @description The finer status, where it is one of the documented ones. */
            substatus?: string | null;
            /** @description Whose page it is. */
            tenant_name: string;
            /** @description The time zone of the destination, IANA name. */
            time_zone?: string | null;
            /** @description What happened, newest first. */
            timeline: components["schemas"]["PublicStep"][];
            /** @description The token of the link. */
            token: string;
            /**
             * Format: date-time
             * @description When anything of this was last changed.
             */
            updated_at: string;
        };
        /**
         * @description Why a shipment is late, held, failed or wrong.
         * @enum {string}
         */
        Reason: "recipient_unavailable" | "recipient_closed" | "recipient_refused" | "bad_address" | "access_restricted" | "verification_failed" | "payment_required" | "customs_documents" | "customs_inspection" | "prohibited" | "weather" | "force_majeure" | "civil_event" | "vehicle_breakdown" | "no_driver" | "no_time" | "missed_cutoff" | "missorted" | "damaged" | "lost" | "not_ready" | "wrong_data" | "bad_packaging" | "cancelled_by_shipper" | "no_attempt";
        /** @description Which events an endpoint is to get once more. */
        Replay: {
            /**
             * Format: date-time
             * @description Written from this instant on.
             */
            from: string;
            /**
             * Format: date-time
             * @description Written before this instant.
             */
            to: string;
            /** @description Of these types only, written like an endpoint's `event_types`; empty means all that the endpoint wants. */
            types?: string[];
        };
        /** @description What a replay did. */
        Replayed: {
            /**
             * Format: int64
             * @description How many messages are on their way.
             */
            messages: number;
        };
        /**
         * @description What somebody may do. The table of permissions stands in the server, in one file.
         * @enum {string}
         */
        Role: "admin" | "operator" | "viewer" | "driver" | "device" | "customer";
        /** @description One row of a batch. */
        RowAnswer: {
            /** @description Why it was rejected. Pointers are into the row. */
            errors?: components["schemas"]["FieldError"][];
            mark?: components["schemas"]["Mark"] | null;
            /** @description What became of it. */
            outcome: components["schemas"]["RowOutcome"];
            /** @description Its place in the batch, from 0. */
            row: number;
        };
        /**
         * @description What became of one row.
         * @enum {string}
         */
        RowOutcome: "accepted" | "duplicate" | "late" | "marked" | "rejected";
        /** @description The same hours of some days. */
        ScheduleWindow: {
            /** @description On which days it begins. */
            days: components["schemas"]["Weekday"][];
            /** @description When it begins. */
            from: components["schemas"]["DayTime"];
            /** @description When it is over; on the next day when that is not after `from`. */
            until: components["schemas"]["DayTime"];
        };
        /** @description What a device said of one thing at one time. */
        SensorReading: {
            /** @description The attribute. */
            name: string;
            /**
             * Format: date-time
             * @description When we heard of it.
             */
            received_at: string;
            /**
             * Format: date-time
             * @description When, by the device's clock.
             */
            time: string;
            /** @description What it said: a number, a truth value, a text or more. */
            value: unknown;
        };
        /** @description What a device measured, oldest first. */
        SensorReadings: {
            /** @description True when there is more: ask again from `next` on. */
            has_more: boolean;
            /**
             * @description The readings. Those that were said together stay together, so there may be a few more than asked for; there may be
             *     none though there is more, because one answer looks at only so many positions.
             */
            items: components["schemas"]["SensorReading"][];
            /**
             * Format: date-time
             * @description From where to ask on.
             */
            next?: string | null;
        };
        /**
         * @description Why a device is sent away.
         * @enum {string}
         */
        SentAway: "unknown" | "disabled" | "credential";
        /** @description A shipment with the state that its facts fold to. */
        Shipment: {
            /**
             * Format: int32
             * @description Failed attempts that count.
             */
            attempts: number;
            /**
             * Format: date-time
             * @description When the record was made.
             */
            created_at: string;
            /** @description A source said that it will be late. */
            delayed: boolean;
            /**
             * Format: date-time
             * @description When it was delivered.
             */
            delivered_at?: string | null;
            destination_id?: components["schemas"]["LocationId"] | null;
            driver_id?: components["schemas"]["DriverId"] | null;
            /**
             * Format: date-time
             * @description Delivery is promised from this instant on.
             */
            eta_from?: string | null;
            /**
             * Format: date-time
             * @description Delivery is promised up to this instant.
             */
            eta_to?: string | null;
            /** @description Its id. */
            id: components["schemas"]["ShipmentId"];
            /** @description Free data of the tenant; an object. */
            metadata: Record<string, unknown>;
            /** @description How far positions alone may move it. */
            milestones: components["schemas"]["MilestonePolicy"];
            origin_id?: components["schemas"]["LocationId"] | null;
            /**
             * Format: date-time
             * @description When it was picked up.
             */
            picked_up_at?: string | null;
            reason?: components["schemas"]["Reason"] | null;
            recipient_id?: components["schemas"]["CustomerId"] | null;
            /** @description The tenant's own reference (order number), unique in the tenant. */
            reference?: string | null;
            /** @description It is on its way back under a leg of its own. */
            return_leg: boolean;
            sender_id?: components["schemas"]["CustomerId"] | null;
            /**
             * Format: int64
             * @description The number of the newest event of this shipment in the event log.
             */
            sequence: number;
            /** @description Where it stands: the fold of its facts. */
            status: components["schemas"]["Status"];
            /**
             * Format: date-time
             * @description When the deciding fact happened.
             */
            status_since: string;
            /** @description The finer status. */
            substatus?: string | null;
            /** @description Its tenant. */
            tenant_id: components["schemas"]["TenantId"];
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updated_at: string;
            /**
             * Format: int64
             * @description Grows with each write.
             */
            version: number;
        };
        /** @description What a write made of a shipment. */
        ShipmentChange: {
            /**
             * @description The facts that the write stated, with how the fold took each; also those that were known before. None when only
             *     something else changed.
             */
            events: components["schemas"]["EventView"][];
            /** @description The shipment as it is now. */
            shipment: components["schemas"]["Shipment"];
        };
        /** @description A shipment with everything that belongs to it. */
        ShipmentDetail: {
            destination?: components["schemas"]["Location"] | null;
            /** @description Its facts, by when they happened, with how the fold took each. */
            events: components["schemas"]["EventView"][];
            /** @description Its stretches, in order. */
            legs: components["schemas"]["Leg"][];
            /** @description Its public links; empty for callers who may not hand it on. */
            links: components["schemas"]["TrackingLink"][];
            origin?: components["schemas"]["Location"] | null;
            /** @description Its parcels, oldest first. */
            packages: components["schemas"]["Package"][];
            recipient?: components["schemas"]["Customer"] | null;
            sender?: components["schemas"]["Customer"] | null;
            /** @description The shipment. */
            shipment: components["schemas"]["Shipment"];
        };
        /** @description What may be changed about a shipment once it is there. */
        ShipmentEdit: {
            /** @default null */
            destination_id: components["schemas"]["LocationId"] | null;
            /**
             * Format: date-time
             * @description Delivery is promised from this instant on.
             * @default null
             */
            eta_from: string | null;
            /**
             * Format: date-time
             * @description Delivery is promised up to this instant.
             * @default null
             */
            eta_to: string | null;
            /** @description Free data; an object of at most 16 KiB. */
            metadata?: Record<string, unknown>;
            /**
             * @description How far positions alone may move it.
             * @default arrivals
             */
            milestones: components["schemas"]["MilestonePolicy"];
            /** @default null */
            origin_id: components["schemas"]["LocationId"] | null;
            /** @default null */
            recipient_id: components["schemas"]["CustomerId"] | null;
            /**
             * @description The tenant's own reference (order number), unique in the tenant, 1 to 100 characters.
             * @default null
             */
            reference: string | null;
            /** @default null */
            sender_id: components["schemas"]["CustomerId"] | null;
        };
        /** @description What may be changed about a shipment once it is there. */
        ShipmentEditPatch: {
            /** @default null */
            destination_id: components["schemas"]["LocationId"] | null;
            /**
             * Format: date-time
             * @description Delivery is promised from this instant on.
             * @default null
             */
            eta_from: string | null;
            /**
             * Format: date-time
             * @description Delivery is promised up to this instant.
             * @default null
             */
            eta_to: string | null;
            /** @description Free data; an object of at most 16 KiB. */
            metadata?: Record<string, unknown>;
            /**
             * @description How far positions alone may move it.
             * @default arrivals
             */
            milestones: components["schemas"]["MilestonePolicy"];
            /** @default null */
            origin_id: components["schemas"]["LocationId"] | null;
            /** @default null */
            recipient_id: components["schemas"]["CustomerId"] | null;
            /**
             * @description The tenant's own reference (order number), unique in the tenant, 1 to 100 characters.
             * @default null
             */
            reference: string | null;
            /** @default null */
            sender_id: components["schemas"]["CustomerId"] | null;
        };
        ShipmentId: string;
        /**
         * @description Where a fact comes from. The order of the list is the order of trust, least first.
         * @enum {string}
         */
        SourceKind: "system" | "aggregator" | "document" | "carrier" | "device" | "driver" | "operator";
        /** @description The speed limit of a zone. */
        SpeedLimit: {
            /**
             * Format: int32
             * @description How many seconds one must go faster before it counts, 0 to 86,400.
             */
            for_s?: number;
            /**
             * Format: float
             * @description Metres per second, above 0 up to 500.
             */
            limit_mps: number;
        };
        /**
         * @description Where a shipment stands. "Delayed" is a flag, never a status: a delayed parcel is still in transit.
         * @enum {string}
         */
        Status: "created" | "info_received" | "assigned" | "picked_up" | "in_transit" | "out_for_delivery" | "available_for_pickup" | "attempt_failed" | "on_hold" | "exception" | "delivered" | "returning" | "returned" | "cancelled" | "failed" | "expired" | "unknown";
        /** @description What makes a stop. */
        StopRules: {
            /**
             * Format: int32
             * @description A silence of more than so many seconds, 60 to 604,800, is a gap or a stop.
             * @default 1800
             */
            gap_seconds: number;
            /**
             * Format: int32
             * @description How many fixes in a row must agree that the device has gone on, 1 to 100.
             * @default 2
             */
            leave_fixes: number;
            /**
             * Format: int32
             * @description How long a stop lasts at least, in seconds, 10 to 86,400.
             * @default 180
             */
            min_stop_seconds: number;
            /**
             * Format: float
             * @description A fix that says it goes faster than this, in metres per second, is not part of a stop, 0 to 500; 0 when stated speeds
             *     are not to be trusted.
             * @default 3
             */
            moving_mps: number;
            /**
             * Format: double
             * @description How far from its middle the fixes of a stop may lie, in metres, 5 to 5,000.
             * @default 50
             */
            radius_m: number;
        };
        /** @description The client wants to hear something; said again, it wants to hear something else from then on. */
        Subscribe: {
            /**
             * @description Everything that the caller may see.
             * @default false
             */
            all: boolean;
            /**
             * @description These drivers: their events and positions; `couriers` is a synonym.
             * @default []
             */
            drivers: components["schemas"]["DriverId"][];
            /**
             * @description Only these types: names, their aliases, or a prefix with `.*`; `location.updated` stands for positions.
             * @default []
             */
            events: string[];
            /**
             * @description The `id` of the last event heard: what came after it is told first.
             * @default null
             */
            resume: string | null;
            /**
             * @description These shipments: their events, and where they are while the own fleet carries them.
             * @default []
             */
            shipments: components["schemas"]["ShipmentId"][];
            /**
             * @description Always `subscribe`.
             * @default
             */
            type: string;
            /**
             * @description Positions in this part of the map: west, south, east, north in degrees.
             * @default null
             */
            viewport: number[] | null;
            /**
             * @description These zones: their events.
             * @default []
             */
            zones: components["schemas"]["ZoneId"][];
        };
        /** @description A tenant. Every row and every key belongs to one. */
        Tenant: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description Its id. */
            id: components["schemas"]["TenantId"];
            /** @description Its name, shown on tracking pages. */
            name: string;
            /** @description What it has set. */
            settings: components["schemas"]["TenantSettings"];
            /** @description Its short name in URLs and topics: lower-case letters, digits and hyphens, 1 to 40. */
            slug: string;
            /**
             * Format: int64
             * @description Grows with each write.
             */
            version: number;
        };
        TenantId: string;
        /** @description What a tenant may set. Every field has a default. */
        TenantSettings: {
            /**
             * Format: int64
             * @description How fresh a carrier's fact must be for anybody to be alerted, in seconds, 0 to 2,592,000.
             * @default 86400
             */
            alert_limit_carrier_seconds: number;
            /**
             * Format: int64
             * @description How fresh a position-made fact must be for anybody to be alerted, in seconds, 0 to 86,400.
             * @default 900
             */
            alert_limit_device_seconds: number;
            /**
             * Format: double
             * @description Radius of the wide zone around a destination that means "arriving", in metres, 50 to 50,000.
             * @default 1000
             */
            approach_radius_m: number;
            /**
             * Format: int64
             * @description For how long after a delivery a pick-up scan is taken for a straggler, in seconds, 0 to 2,592,000.
             * @default 21600
             */
            grace_seconds: number;
            /**
             * Format: double
             * @description Radius of the zone around a shipment's origin and destination when the location draws none, in metres, 20 to 5,000.
             * @default 150
             */
            hub_radius_m: number;
            /**
             * Format: int32
             * @description After how long a stand a device is idle, in seconds, 0 to 31,536,000; none for the server's setting `tracking.idle_seconds`.
             * @default null
             */
            idle_seconds: number | null;
            /**
             * Format: int32
             * @description How long a public tracking link lives after the shipment has ended, in days, 1 to 365.
             * @default 30
             */
            link_days: number;
            /**
             * @description How far positions alone may move a new shipment, unless the shipment says otherwise.
             * @default arrivals
             */
            milestones: components["schemas"]["MilestonePolicy"];
            /**
             * Format: int32
             * @description After how long a silence a device is offline, in seconds, 10 to 31,536,000; none for the server's setting
             *     `tracking.offline_seconds`.
             * @default null
             */
            offline_seconds: number | null;
            /** @default null */
            position_retention: components["schemas"]["PositionRetention"] | null;
            /**
             * Format: int32
             * @description How far behind the newest fix of a device a late one may lie and still be taken up by the zones, in seconds, 0 to 3,600; none
             *     for the server's setting `tracking.reorder_window_seconds`.
             * @default null
             */
            reorder_window_seconds: number | null;
        };
        /** @description A short-lived ticket for a WebSocket from a browser, which cannot send an `Authorization` header. */
        Ticket: {
            /**
             * Format: date-time
             * @description When it stops working.
             */
            expires_at: string;
            /** @description What to send as `?ticket=`; works once. */
            ticket: string;
        };
        /** @description One fact about a shipment, package or leg. Append-only: a change of mind is another fact. */
        TrackingEvent: {
            actor?: components["schemas"]["Actor"] | null;
            /**
             * Format: int32
             * @description How often the same fact came in, itself included.
             */
            copies: number;
            /** @description True when the source says that the shipment will be late. */
            delayed: boolean;
            /** @description Its id. */
            id: components["schemas"]["TrackingEventId"];
            /** @description What it does to the fold. */
            kind: components["schemas"]["FactKind"];
            leg_id?: components["schemas"]["LegId"] | null;
            /**
             * Format: date-time
             * @description When it happened.
             */
            occurred_at: string;
            /**
             * Format: int32
             * @description The offset of the local time that the source stated, in seconds east of UTC, -64,800 to 64,800.
             */
            offset_seconds?: number | null;
            package_id?: components["schemas"]["PackageId"] | null;
            place?: components["schemas"]["Place"] | null;
            /** @description The source's own code, always kept. */
            raw_code?: string | null;
            /** @description The source's own words, always kept. For a correction: the actor's explanation. */
            raw_text?: string | null;
            reason?: components["schemas"]["Reason"] | null;
            /**
             * Format: date-time
             * @description When we received it.
             */
            received_at: string;
            retracts?: components["schemas"]["TrackingEventId"] | null;
            /**
             * Format: int64
             * @description Order of receipt within the shipment, from 1.
             */
            seq: number;
            /** @description The shipment it is about. */
            shipment_id: components["schemas"]["ShipmentId"];
            /** @description What kind of source said it. */
            source: components["schemas"]["SourceKind"];
            /** @description The source's name, for carriers and documents. */
            source_name?: string | null;
            /**
             * Format: int32
             * @description Trust in the source, 0 to 100. Higher wins a tie of time.
             */
            source_trust: number;
            status?: components["schemas"]["Status"] | null;
            /** @description The finer status. */
            substatus?: string | null;
            /** @description How sure we are of that offset. */
            tz_confidence: components["schemas"]["TzConfidence"];
        };
        TrackingEventId: string;
        /** @description How late, how silent, how inaccurate positions may be: a part of [`TrackingSettings`]. */
        TrackingLimits: {
            /**
             * Format: int32
             * @description How many fixes inside the zone around a shipment's place are an arrival.
             */
            arrival_fixes: number;
            /**
             * Format: int64
             * @description After how many seconds of standing a device is idle.
             */
            idle_seconds: number;
            /**
             * Format: int64
             * @description After how many seconds of silence a device is offline.
             */
            offline_seconds: number;
            /**
             * Format: int64
             * @description How old the newest position of a driver may be to be taken for where the driver is, in seconds.
             */
            recent_seconds: number;
            /**
             * Format: int32
             * @description How far back, in seconds, a late fix is still taken up by the zones.
             */
            reorder_window_seconds: number;
            /**
             * Format: float
             * @description The least accurate fix that may move a device in or out of a zone, in metres.
             */
            worst_accuracy_m: number;
        };
        /** @description A public tracking link. The token itself is not kept: it is derived from the id with the installation's key. */
        TrackingLink: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it stops working; none means some days after the shipment has ended (tenant setting).
             */
            expires_at?: string | null;
            /** @description Its id. */
            id: components["schemas"]["LinkId"];
            /**
             * Format: date-time
             * @description When it was revoked.
             */
            revoked_at?: string | null;
            /** @description The shipment it shows. */
            shipment_id: components["schemas"]["ShipmentId"];
            /** @description Its tenant. */
            tenant_id: components["schemas"]["TenantId"];
        };
        /** @description What callers may know of how positions are dealt with. */
        TrackingRules: {
            /** @description Alarms of devices. */
            alarms: components["schemas"]["AlarmSettings"];
            /** @description Which positions are believed. */
            filter: components["schemas"]["Filters"];
            /** @description What a tenant may set for itself, and what goes with it. */
            tracking: components["schemas"]["TrackingLimits"];
            /** @description What makes a trip and a stop. */
            trips: components["schemas"]["StopRules"];
        };
        /**
         * @description How sure we are of the offset that turned a local time into an instant.
         * @enum {string}
         */
        TzConfidence: "unknown" | "assumed" | "from_place" | "exact";
        /** @description A device that knocked and was sent away, and still would be. */
        UnknownDevice: {
            /**
             * Format: int64
             * @description How often.
             */
            count: number;
            /**
             * Format: date-time
             * @description When it first knocked, since the server started.
             */
            first_seen_at: string;
            /** @description How it names itself: what a device is to have as `identifier`, so that it may come in. */
            identifier: string;
            /**
             * Format: date-time
             * @description When it last did.
             */
            last_seen_at: string;
            /** @description What it speaks. */
            protocol: string;
            /** @description Why. */
            reason: components["schemas"]["SentAway"];
        };
        /**
         * @description Why something that happened, as it is known by now, was not told.
         * @enum {string}
         */
        Untold: "schedule_closed" | "zone_changed" | "too_late" | "known_otherwise";
        /** @description A person who logs in. */
        User: {
            /**
             * Format: date-time
             * @description When they were made.
             */
            created_at: string;
            customer_id?: components["schemas"]["CustomerId"] | null;
            /** @description True when they may not log in any more; their tokens stop working at once. */
            disabled: boolean;
            driver_id?: components["schemas"]["DriverId"] | null;
            /** @description What they log in with, lower-case, unique in the installation. */
            email: string;
            /** @description Their id. */
            id: components["schemas"]["UserId"];
            /** @description Their name. */
            name: string;
            /** @description What they may do. */
            role: components["schemas"]["Role"];
            /** @description Their tenant. */
            tenant_id: components["schemas"]["TenantId"];
            /**
             * Format: int64
             * @description Grows with each write.
             */
            version: number;
        };
        UserId: string;
        /** @description What shipments are carried with. */
        Vehicle: {
            /**
             * Format: double
             * @description What it can carry, in kilograms, 0 to 1,000,000.
             */
            capacity_kg?: number | null;
            /**
             * Format: date-time
             * @description When the record was made.
             */
            created_at: string;
            /** @description Its id. */
            id: components["schemas"]["VehicleId"];
            /** @description The tenant's own reference (plate), unique in the tenant. */
            reference?: string | null;
            /** @description What it can do: refrigerated, tail lift, the tenant's own words. */
            skills: string[];
            /** @description Its tenant. */
            tenant_id: components["schemas"]["TenantId"];
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updated_at: string;
            /** @description What kind it is: bicycle, van, truck, or the tenant's own word. */
            vehicle_type: string;
            /**
             * Format: int64
             * @description Grows with each write.
             */
            version: number;
        };
        VehicleId: string;
        /**
         * @description What happened between a device and a zone.
         * @enum {string}
         */
        VisitEvent: "enter" | "dwell" | "exit";
        /**
         * @description A day of the week.
         * @enum {string}
         */
        Weekday: "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun";
        /** @description Where somebody was, and when. */
        Whereabouts: {
            /**
             * Format: float
             * @description Course in degrees clockwise from north.
             */
            heading?: number | null;
            /**
             * Format: double
             * @description Latitude in degrees.
             */
            latitude: number;
            /**
             * Format: double
             * @description Longitude in degrees.
             */
            longitude: number;
            /**
             * Format: float
             * @description Speed in metres per second.
             */
            speed?: number | null;
            /**
             * Format: date-time
             * @description When.
             */
            timestamp: string;
        };
        /** @description A geofence. */
        Zone: {
            /**
             * Format: date-time
             * @description When the record was made.
             */
            created_at: string;
            /**
             * @description GeoJSON geometry: `Polygon`, `MultiPolygon`, a `Point` together with `radius_m` for a circle, or a `LineString`
             *     together with `width_m` for a corridor.
             */
            geometry: Record<string, unknown>;
            /** @description Its id. */
            id: components["schemas"]["ZoneId"];
            /** @description What it is for. */
            kind: components["schemas"]["ZoneKind"];
            location_id?: components["schemas"]["LocationId"] | null;
            /** @description Name. */
            name: string;
            /**
             * Format: double
             * @description Radius of a circle, in metres, 1 to 1,000,000; none for everything else.
             */
            radius_m?: number | null;
            /** @description The tenant's own reference, unique in the tenant: imports find the zone by it. */
            reference?: string | null;
            rules?: components["schemas"]["ZoneRules"] | null;
            schedule?: components["schemas"]["ZoneSchedule"] | null;
            speed_limit?: components["schemas"]["SpeedLimit"] | null;
            /** @description Its tenant. */
            tenant_id: components["schemas"]["TenantId"];
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updated_at: string;
            /**
             * Format: int64
             * @description Grows with each write.
             */
            version: number;
            /**
             * Format: double
             * @description Width of a corridor in all, in metres, 1 to 100,000; none for everything else.
             */
            width_m?: number | null;
        };
        /** @description One fix against one zone, explained. */
        ZoneDecision: {
            /**
             * Format: double
             * @description The accuracy that was reckoned with, in metres.
             */
            accuracy_m: number;
            /**
             * Format: double
             * @description For how many seconds the device has been beyond the edge, counted from where it was passed.
             */
            beyond_s: number;
            /**
             * Format: int32
             * @description How many certain fixes speak for the other side of the edge, this one included.
             */
            confirmations: number;
            /**
             * Format: int32
             * @description How many are needed.
             */
            confirmations_needed: number;
            /**
             * Format: double
             * @description How far the fix lies outside the edge, in metres; negative inside.
             */
            distance_m: number;
            /**
             * Format: double
             * @description How far inside the edge a fix of this accuracy must lie to be certain, in metres.
             */
            enter_margin_m: number;
            /**
             * Format: double
             * @description How far outside, in metres.
             */
            exit_margin_m: number;
            /** @description True when it is inside after it. */
            inside_after: boolean;
            /** @description True when the device was inside before the fix. */
            inside_before: boolean;
            /** @description What came of it. */
            outcome: components["schemas"]["ZoneOutcome"];
            /** @description What the fix says. */
            side: components["schemas"]["ZoneSide"];
        };
        /** @description Why there was or was not an event. */
        ZoneExplanation: {
            /**
             * Format: date-time
             * @description The moment that was asked about.
             */
            at: string;
            /** @description The device. */
            device_id: components["schemas"]["DeviceId"];
            /** @description What happened within half an hour of it, as it follows from all positions that are known by now. */
            events: components["schemas"]["ExplainedEvent"][];
            /** @description The positions around that moment, oldest first. */
            fixes: components["schemas"]["ExplainedFix"][];
            /** @description True when the zone tells events at that moment. */
            in_schedule: boolean;
            /** @description The answer, in a sentence. */
            summary: string;
            /** @description What was told of that time, oldest first. */
            told: components["schemas"]["Event"][];
            /**
             * Format: date-time
             * @description When its record was last changed: before that it may have been another.
             */
            zone_changed_at: string;
            /** @description The zone, as it is drawn now. */
            zone_id: components["schemas"]["ZoneId"];
            /** @description Its name. */
            zone_name: string;
        };
        /**
         * @description The rule that held an event back.
         * @enum {string}
         */
        ZoneHeld: "accuracy_wider_than_zone" | "near_edge" | "confirming" | "dwell_too_short" | "absence_too_short" | "not_seen_outside" | "impossible_speed";
        ZoneId: string;
        /** @description What became of an import. */
        ZoneImport: {
            /** @description Zones made. */
            created: number;
            /** @description True when nothing was written. */
            dry_run: boolean;
            /** @description Rows refused. */
            rejected: number;
            /** @description Every row, in the order of the file. */
            rows: components["schemas"]["ImportedRow"][];
            /** @description Zones that say the same already. */
            unchanged: number;
            /** @description Zones changed. */
            updated: number;
        };
        /**
         * @description What a zone is for.
         * @enum {string}
         */
        ZoneKind: "custom" | "hub" | "approach";
        /** @description A device that is in a zone now. */
        ZoneOccupant: {
            /** @description Which device. */
            device_id: components["schemas"]["DeviceId"];
            driver_id?: components["schemas"]["DriverId"] | null;
            /**
             * Format: date-time
             * @description When its newest position was taken.
             */
            fix_time?: string | null;
            /**
             * Format: date-time
             * @description Since when it is known to be inside: when it passed the edge, or its first position inside.
             */
            inside_since: string;
            point?: components["schemas"]["Point"] | null;
            /** @description Whether it is heard of. */
            state: components["schemas"]["Presence"];
        };
        /** @description What came of a fix. */
        ZoneOutcome: "unchanged" | {
            /** @description An event was told (the last one, if there were two). */
            told: components["schemas"]["VisitEvent"];
        } | {
            /** @description The same, but the event was not told, for a reason that is none of the rules. */
            untold: components["schemas"]["VisitEvent"];
        } | {
            /** @description An event was held back by this rule. */
            held: components["schemas"]["ZoneHeld"];
        };
        /** @description The rules of one zone. What is left out has its default. */
        ZoneRules: {
            /**
             * Format: double
             * @description Neither margin grows with the accuracy beyond this, in metres, 0 to 10,000: stated accuracy cannot be trusted either,
             *     and a device with a bad one must still be able to leave.
             * @default 100
             */
            band_cap_m: number;
            /**
             * Format: double
             * @description How far beyond the edge a fix must lie at least to be certainly outside, in metres, 0 to 10,000.
             * @default 25
             */
            band_m: number;
            /**
             * Format: double
             * @description How deep inside a fix must lie at least to be certainly inside, in metres, 0 to 10,000; for devices that claim to be
             *     more accurate than they are.
             * @default 25
             */
            depth_m: number;
            /**
             * Format: int32
             * @description After so many seconds inside, `zone.dwelled` is told, once per visit; none for never.
             * @default null
             */
            dwell_s: number | null;
            /**
             * @description How certain fixes confirm an entry.
             * @default {
             *       "fixes": 2,
             *       "need": "both",
             *       "seconds": 0
             *     }
             */
            enter: components["schemas"]["Confirm"];
            /**
             * Format: double
             * @description How many accuracies inside the edge a fix must lie to be certainly inside, 0 to 5. In a small zone neither this nor
             *     the depth asks for more than half of the way to its middle.
             * @default 2.5
             */
            enter_certainty: number;
            /**
             * @description How certain fixes confirm an exit.
             * @default {
             *       "fixes": 2,
             *       "need": "both",
             *       "seconds": 0
             *     }
             */
            exit: components["schemas"]["Confirm"];
            /**
             * Format: double
             * @description How many accuracies outside the edge a fix must lie to be certainly outside, 0 to 5.
             * @default 2.5
             */
            exit_certainty: number;
            /**
             * Format: int32
             * @description An exit counts once the device has been outside this long, in seconds; a shorter absence tells nothing.
             * @default 0
             */
            min_absence_s: number;
            /**
             * Format: int32
             * @description An entry counts once the device has been inside this long, in seconds; a shorter visit tells nothing.
             * @default 0
             */
            min_dwell_s: number;
            /**
             * @description Tells an inferred entry and exit when the way between two fixes leads through the zone.
             * @default false
             */
            pass_through: boolean;
            /**
             * Format: double
             * @description The accuracy of a fix that states none, in metres, 0 to 10,000.
             * @default 10
             */
            unstated_accuracy_m: number;
        };
        /**
         * @description When a zone tells events: only those that happened in one of the windows. Visits are followed all the time, so a window
         *     that opens is no entry.
         */
        ZoneSchedule: {
            /**
             * @description By whose clocks: an IANA time zone.
             * @example Europe/Lisbon
             */
            time_zone: string;
            /** @description 1 to 50, in any order; they may overlap. */
            windows: components["schemas"]["ScheduleWindow"][];
        };
        /**
         * @description What one fix says about a zone.
         * @enum {string}
         */
        ZoneSide: "inside" | "undecided" | "outside";
        /** @description One visit of a device to a zone. */
        ZoneVisit: {
            /** @description Who. */
            device_id: components["schemas"]["DeviceId"];
            driver_id?: components["schemas"]["DriverId"] | null;
            /**
             * Format: date-time
             * @description When it went in; none when it was inside from the first position looked at.
             */
            entered_at?: string | null;
            /**
             * Format: date-time
             * @description When it went out; none when it had not until the last position looked at.
             */
            exited_at?: string | null;
            /** @description True when no position lay in the zone: the way between two of them leads through it. */
            inferred: boolean;
            /**
             * Format: int64
             * @description From `inside_since` to `exited_at`, or else to the last position looked at, in seconds.
             */
            inside_s: number;
            /**
             * Format: date-time
             * @description Since when it is known to have been inside: `entered_at`, or the first position seen inside.
             */
            inside_since: string;
            /** @description True when a position that proves the entry or the exit came in after later ones of its device: nobody could know in time. */
            late: boolean;
        };
        /** @description The visits of some devices. */
        ZoneVisits: {
            /** @description Devices with more positions in the period than are looked at; their visits may be incomplete. */
            incomplete: components["schemas"]["DeviceId"][];
            next_cursor?: components["schemas"]["DeviceId"] | null;
            /** @description By device, then by time. */
            visits: components["schemas"]["ZoneVisit"][];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
